"""Plain text: documents are files, blocks or lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from nlp_ssl.corpus.documents import blocks
from nlp_ssl.corpus.readers.base import Reader, span_lines
from nlp_ssl.corpus.sources import Span
from nlp_ssl.corpus.streams import decoded


class Text(Reader):
    """Files of plain text, also those whose suffix no reader declares."""

    name: ClassVar[str] = "text"
    suffixes: ClassVar[tuple[str, ...]] = (".txt",)
    by_lines: ClassVar[bool] = True

    def documents(self, span: Span, text_column: str) -> Iterator[str]:
        """The file, its blocks or its lines, by `span.source.document`; `text_column` has no effect."""
        source = span.source
        if source.document == "file":
            yield "".join(decoded(source.name, source.encoding, span.start, span.end))
        else:
            yield from blocks(span_lines(span)) if source.document == "block" else span_lines(span)
