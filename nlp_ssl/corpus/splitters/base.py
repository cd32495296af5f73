"""What a sentence splitter is."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import ClassVar

from nlp_ssl.errors import InputError


class Splitter(ABC):
    """Splits texts of one language into sentences. A plug-in derives from it and declares its name."""

    name: ClassVar[str]

    def __init__(self, language: str) -> None:
        """`language` is a tag such as en, ko or zh-Hant. InputError where it is not one or a package is missing."""
        if not re.fullmatch(r"[A-Za-z]{2,3}([-_@][\w=-]+)*", language):
            raise InputError(f"--language {language}: not a language tag such as en, ko, de or zh-Hant")
        self.language = language

    @abstractmethod
    def split(self, texts: list[str]) -> list[list[str]]:
        """The sentences of each text, in order; surrounding white space is ignored.

        Texts are clean documents: paragraphs are separated by line breaks, which always end a sentence.
        """
