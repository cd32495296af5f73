"""JSON Lines: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from nlp_ssl.corpus.readers.base import NumberedRow, Problem, TableReader, span_lines
from nlp_ssl.corpus.sources import Span
from nlp_ssl.errors import cut


class _Ambiguous(dict[str, Any]):
    """An object in which keys occur twice; it holds their last values."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        names = [name for name, _ in pairs]
        self.repeated = [name for name in self if names.count(name) > 1]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Ambiguous(pairs)


_DECODER = json.JSONDecoder(object_pairs_hook=_object)


class JsonLines(TableReader):
    """Columns are keys. Objects may have different keys; blank lines are skipped."""

    name: ClassVar[str] = "jsonl"
    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".json")
    by_lines: ClassVar[bool] = True

    def rows(self, span: Span, columns: Sequence[str] | None = None) -> Iterator[NumberedRow]:
        """One row a line, with all its keys. A row that has one of the columns twice is a problem."""
        for number, line in enumerate(span_lines(span), 1):
            if not line.strip():
                continue
            try:
                row = _DECODER.decode(line)
            except (ValueError, RecursionError) as error:
                reason = error.msg if isinstance(error, json.JSONDecodeError) else error
                yield number, Problem(f"broken JSON ({reason}); each line must be one JSON object")
                continue
            if isinstance(row, _Ambiguous) and (twice := [n for n in row.repeated if columns is None or n in columns]):
                yield number, Problem(f"the key {cut(twice[0])!r} occurs twice; keep one of them")
                continue
            yield number, row if isinstance(row, dict) else Problem("not a JSON object; each line must be one")
