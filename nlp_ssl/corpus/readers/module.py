"""A declared corpus (`data/NAME.toml`): documents from a Python module, such as `nlp_ssl.corpus.pydocs`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import ClassVar

from nlp_ssl.corpus.readers.base import Reader
from nlp_ssl.corpus.sources import Span


class Module(Reader):
    """The source is `module:source`; the module has `sources()`, `identity(source)` and `documents(source)`."""

    name: ClassVar[str] = "module"
    decodes: ClassVar[bool] = False

    def documents(self, span: Span, text_column: str) -> Iterator[str]:
        """What the module yields; `text_column` has no effect."""
        module, name = span.source.name.split(":")
        yield from import_module(module).documents(name)
