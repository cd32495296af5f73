"""Plain text: documents are files, blocks or lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from nlp_ssl.corpus.documents import blocks, pieces
from nlp_ssl.corpus.readers.base import Reader, span_lines
from nlp_ssl.corpus.sources import Span
from nlp_ssl.corpus.streams import decoded, limited


class Text(Reader):
    """Files of plain text, also those whose suffix no reader declares."""

    name: ClassVar[str] = "text"
    suffixes: ClassVar[tuple[str, ...]] = (".txt",)
    by_lines: ClassVar[bool] = True

    def documents(self, span: Span, text_column: str) -> Iterator[str]:
        """The file, its blocks, its lines or its pieces, by `span.source.document`; `text_column` has no effect."""
        source = span.source
        chunks = decoded(source.name, source.encoding, span.start, span.end)
        if source.document == "characters":
            yield from pieces(chunks, source.characters)
        elif source.document == "file":
            yield _joined(chunks, source.name)
        else:
            yield from blocks(span_lines(span), source.name) if source.document == "block" else span_lines(span)


def _joined(chunks: Iterator[str], where: str) -> str:
    size = 0
    parts = []
    for chunk in chunks:
        size = limited(size + len(chunk), where)
        parts.append(chunk)
    return "".join(parts)
