"""CoNLL columns: one token a line, a blank line between sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar

from nlp_ssl.corpus.readers.base import NumberedRow, Problem, TableReader, span_lines
from nlp_ssl.corpus.sources import Span
from nlp_ssl.errors import InputError

DOCUMENT_START = "-DOCSTART-"


class Conll(TableReader):
    """A row is a sentence. Columns are "1" (the words), "2", "3" …, each a list with one string a token.

    Values are separated by tabs in lines with a tab, else by spaces. There are no comments: "#" is a token.
    CoNLL-2003's -DOCSTART- lines are skipped. A row's line is that of its first token.
    """

    name: ClassVar[str] = "conll"
    suffixes: ClassVar[tuple[str, ...]] = (".conll",)

    def rows(self, span: Span, columns: Sequence[str] | None = None) -> Iterator[NumberedRow]:
        """One row a sentence; a sentence with a line of another number of columns is a `Problem`."""
        width = 0
        for line, tokens in self._sentences(span):
            width = width or len(tokens[0])
            wrong = next((i for i, token in enumerate(tokens) if len(token) != width), None)
            if wrong is not None:
                yield line + wrong, Problem(f"{len(tokens[wrong])} columns, the lines before have {width}")
            else:
                yield line, {str(i): list(values) for i, values in enumerate(zip(*tokens, strict=True), 1)}

    def documents(self, span: Span, text_column: str) -> Iterator[str]:
        """The words of each sentence, joined by spaces; `text_column` has no effect."""
        for number, row in self.rows(span):
            if isinstance(row, Problem):
                raise InputError(f"{self.where(span, number)}: {row}")
            yield " ".join(row["1"])

    @staticmethod
    def _sentences(span: Span) -> Iterator[tuple[int, list[list[str]]]]:
        tokens: list[list[str]] = []
        number = 0
        for number, line in enumerate(span_lines(span), 1):
            if line.strip() and not line.startswith(DOCUMENT_START):
                tokens.append(line.split("\t") if "\t" in line else re.split(" +", line.strip(" ")))
            elif tokens:
                yield number - len(tokens), tokens
                tokens = []
        if tokens:
            yield number + 1 - len(tokens), tokens
