"""Each line is a sentence: text that is already split, and pairs of columns."""

from __future__ import annotations

from typing import ClassVar

from nlp_ssl.corpus.splitters.base import Splitter


class Lines(Splitter):
    """Works for every language."""

    name: ClassVar[str] = "lines"

    def split(self, texts: list[str]) -> list[list[str]]:
        """The lines of each text."""
        return [text.split("\n") for text in texts]
