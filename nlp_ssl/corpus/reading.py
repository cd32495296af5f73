"""Stage 1 of a preparation: sources -> clean documents."""

from __future__ import annotations

from collections.abc import Iterator

from nlp_ssl import registry
from nlp_ssl.corpus.sources import Span


def read_span(span: Span, text_column: str) -> Iterator[str]:
    """The raw documents of a span. InputError with file and line for the first thing that cannot be read."""
    if span.source.bytes or not span.source.is_file:
        yield from registry.find("readers", span.source.format)().documents(span, text_column)
