"""JSON Lines: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import ClassVar

from nlp_ssl.corpus.readers.base import Problem, Row, TableReader, span_lines
from nlp_ssl.corpus.sources import Span


class JsonLines(TableReader):
    """Columns are keys. Objects may have different keys; blank lines are skipped."""

    name: ClassVar[str] = "jsonl"
    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".json")
    by_lines: ClassVar[bool] = True

    def rows(self, span: Span, columns: Sequence[str] | None = None) -> Iterator[Row]:
        """One row a line, with all its keys."""
        for number, line in enumerate(span_lines(span), 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                reason = error.msg if isinstance(error, json.JSONDecodeError) else error
                yield number, Problem(f"broken JSON ({reason}); each line must be one JSON object")
                continue
            yield number, row if isinstance(row, dict) else Problem("not a JSON object; each line must be one")
