"""TSV: tab-separated, with a header; a quote is an ordinary character unless the caller asks for quoting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from nlp_ssl.corpus.readers.base import Problem, span_lines
from nlp_ssl.corpus.readers.csv import Csv
from nlp_ssl.corpus.sources import Span


class Tsv(Csv):
    """As `Csv`. GLUE's files are never quoted, so `quoted` is off by default."""

    name: ClassVar[str] = "tsv"
    suffixes: ClassVar[tuple[str, ...]] = (".tsv",)
    delimiter: ClassVar[str] = "\t"
    advice: ClassVar[str] = "; a value cannot contain a tab or a line break"

    def __init__(self, quoted: bool = False) -> None:
        self.quoted = quoted

    def records(self, span: Span) -> Iterator[tuple[int, list[str] | Problem]]:
        """The number of each line and its values; the first is the header."""
        if self.quoted:
            yield from super().records(span)
            return
        for number, line in enumerate(span_lines(span), 1):
            if line:
                yield number, line.split("\t")
