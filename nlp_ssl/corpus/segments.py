"""Texts cut into words and what is between them, by Unicode's word boundaries (UAX #29) and ICU's dictionaries.

ICU finds the words of scripts without spaces, such as Thai, Chinese and Japanese, and keeps "don't" in one piece. The
boundaries depend on the script, not on the language.
"""

from __future__ import annotations

from collections.abc import Sequence

import regex
from icu4py.breakers import WordBreaker

from nlp_ssl.corpus.words import UNSPACED

Segments = list[str]
"""The pieces of a text, in order: words, numbers, white space, punctuation marks. Joined, they are the text."""

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’.,·][\p{L}\p{M}\p{N}]+)*")
_UNSPACED = regex.compile(rf"[{UNSPACED}]+")
_END = "\x1e"  # clean text has no such control character


def segment(texts: Sequence[str]) -> list[Segments]:
    """The segments of each text. One call for many texts: making a breaker takes as long as 20,000 characters."""
    found: list[Segments] = []
    current: Segments = []
    for piece in WordBreaker("".join(f"{text}\n{_END}\n" for text in texts), "en"):
        if piece == _END:
            found.append(current[:-1])  # the line break
            current = []
        elif current or piece != "\n":
            current.append(piece)
    return found


def is_word(piece: str) -> bool:
    """Whether a segment is a word or a number, possibly with an apostrophe, a point or a comma inside."""
    return _WORD.fullmatch(piece) is not None


def is_unspaced(piece: str) -> bool:
    """Whether a segment is written in a script without spaces between words."""
    return _UNSPACED.fullmatch(piece) is not None


def words(texts: Sequence[str]) -> list[list[str]]:
    """The words, numbers and punctuation marks of each text, in lower case."""
    return [[piece.lower() for piece in pieces if not piece.isspace()] for pieces in segment(texts)]
