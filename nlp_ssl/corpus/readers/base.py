"""What a reader is: it turns a source into documents, and a table into rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from nlp_ssl.corpus.sources import Span
from nlp_ssl.corpus.streams import decoded, lines
from nlp_ssl.errors import InputError


class Problem(str):
    """What is wrong with a row, in one sentence without its place."""


NumberedRow = tuple[int, "dict[str, Any] | Problem"]
"""The line where a row begins (or its number, where there are no lines), from 1, and its values by column."""


class Reader(ABC):
    """Reads one format. A plug-in derives from it or from `TableReader` and declares name and suffixes."""

    name: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]] = ()
    decodes: ClassVar[bool] = True  # whether files are text in some encoding
    by_lines: ClassVar[bool] = False  # whether a file can be read from any line on

    @abstractmethod
    def documents(self, span: Span, text_column: str) -> Iterator[str]:
        """The raw documents of a span. InputError with file and line for the first thing that cannot be read."""


class TableReader(Reader):
    """Reads a format with rows and named columns; a document is the text in one column of a row."""

    has_lines: ClassVar[bool] = True  # whether rows are found by line

    @abstractmethod
    def rows(self, span: Span, columns: Sequence[str] | None = None) -> Iterator[NumberedRow]:
        """The rows of a span; a row that cannot be read is a `Problem`. `columns` are those needed (None: all).

        Rows may lack columns. InputError where the file as a whole cannot be read.
        """

    def where(self, span: Span, row: int) -> str:
        """Where a row is, for a message; `row` is the number that `rows` gives."""
        return span.where(row) if self.has_lines else f"{span.source.name}, row {row}"

    def documents(self, span: Span, text_column: str) -> Iterator[str]:
        """The texts in one column; a null is an empty text."""
        for (text,) in self._texts(span, [text_column], "--text-column"):
            yield text

    def pairs(self, span: Span, columns: Sequence[str]) -> Iterator[str]:
        """The texts in some columns, each on a line of its own; an empty text where one of them is empty."""
        for texts in self._texts(span, columns, "--pair-columns"):
            lines = [" ".join(text.split()) for text in texts]
            yield "\n".join(lines) if all(lines) else ""

    def _texts(self, span: Span, columns: Sequence[str], flag: str) -> Iterator[list[str]]:
        for number, row in self.rows(span, columns):
            if isinstance(row, Problem):
                raise InputError(f"{self.where(span, number)}: {row}")
            texts = []
            for column in columns:
                if column not in row:
                    raise InputError(no_column(self.where(span, number), column, list(row)))
                value = row[column]
                if value is not None and not isinstance(value, str):
                    raise InputError(
                        f"{self.where(span, number)}: {column!r} holds {type(value).__name__} {str(value)[:40]!r}, "
                        f"not text; name another column with {flag} or fix the row"
                    )
                texts.append(value or "")
            yield texts


def span_lines(span: Span) -> Iterator[str]:
    r"""The decoded lines of a span, without "\n"."""
    name = span.source.name
    return lines(decoded(name, span.source.encoding, span.start, span.end), name)


def no_column(where: str, column: str, there: Sequence[str]) -> str:
    """The sentence for a missing text column."""
    names = ", ".join(map(repr, there)) or "none"
    remedy = "name the one with the text with --text-column, or two with --pair-columns"
    return f"{where}: no column {column!r}, there is {names}; {remedy}"
