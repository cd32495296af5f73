"""Korean sentences, also without punctuation, by Kiwi (https://github.com/bab2min/kiwipiepy)."""

from __future__ import annotations

from typing import ClassVar

from nlp_ssl.corpus.splitters.base import Splitter
from nlp_ssl.errors import InputError


class KiwiSplitter(Splitter):
    """Needs the kiwipiepy package."""

    name: ClassVar[str] = "kiwi"

    def __init__(self, language: str) -> None:
        super().__init__(language)
        try:
            from kiwipiepy import Kiwi
        except ImportError:
            raise InputError('--sentences kiwi: kiwipiepy is not installed; pip install "nlp_ssl[korean]"') from None
        self.kiwi = Kiwi()

    def split(self, texts: list[str]) -> list[list[str]]:
        """One text after the other."""
        return [[s.text for s in self.kiwi.split_into_sents(text)] for text in texts]
