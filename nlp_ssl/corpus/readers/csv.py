"""CSV (RFC 4180): comma-separated, quoted, with a header."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import ClassVar

from nlp_ssl.corpus.readers.base import NumberedRow, Problem, TableReader, no_column, span_lines
from nlp_ssl.corpus.sources import Span
from nlp_ssl.corpus.streams import LONGEST_DOCUMENT
from nlp_ssl.errors import InputError


class Csv(TableReader):
    """The first line is the header; blank lines are skipped."""

    name: ClassVar[str] = "csv"
    suffixes: ClassVar[tuple[str, ...]] = (".csv",)
    delimiter: ClassVar[str] = ","
    advice: ClassVar[str] = "; quote values that contain a comma or a line break"

    def rows(self, span: Span, columns: Sequence[str] | None = None) -> Iterator[NumberedRow]:
        """One row a record. InputError where two needed columns have the same name."""
        header: list[str] = []
        for line, values in self.records(span):
            if isinstance(values, Problem):
                yield line, values
            elif not header:
                header = values
                self._check(f"{span.source.name}:{line}", header, columns)
            elif len(values) != len(header):
                yield line, Problem(f"{len(values)} columns, the header has {len(header)}{self.advice}")
            else:
                yield line, dict(zip(header, values, strict=True))

    def records(self, span: Span) -> Iterator[tuple[int, list[str] | Problem]]:
        """The line where each record begins, and its values; the first is the header."""
        csv.field_size_limit(LONGEST_DOCUMENT)  # also bounds what an unclosed quote swallows
        records = csv.reader((line + "\n" for line in span_lines(span)), delimiter=self.delimiter, strict=True)
        while True:
            line = records.line_num + 1
            try:
                values = next(records, None)
            except csv.Error as error:
                yield line, Problem(f"broken {self.name.upper()} ({error}); fix the line")
                continue
            if values is None:
                return
            if values:
                yield line, values

    @staticmethod
    def _check(where: str, header: list[str], columns: Sequence[str] | None) -> None:
        for name in header if columns is None else columns:
            if name not in header:
                raise InputError(no_column(where, name, header))
            if header.count(name) > 1:
                raise InputError(f"{where}: two columns are called {name!r}; rename one")
