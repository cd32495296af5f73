"""Places in a sentence where it can be changed without a trace in punctuation or capital letters."""

from __future__ import annotations

from nlp_ssl.corpus.segments import Segments, is_unspaced, is_word

FEWEST_WORDS, MOST_WORDS = 6, 40

_JOINERS = frozenset("'’`´-‐‑.·_/@#&+*=~^|\\<>")
"""Segments that may join the words beside them into one, as in "half-past" or a tokenizer's "don ' t"."""


def has_usual_length(pieces: Segments) -> bool:
    """Whether a sentence has between `FEWEST_WORDS` and `MOST_WORDS` words."""
    return FEWEST_WORDS <= sum(map(is_word, pieces)) <= MOST_WORDS


def inner_words(pieces: Segments) -> list[int]:
    """The places of words that are not the first of the sentence and not joined to another one."""
    found = [i for i, piece in enumerate(pieces) if is_word(piece)]
    return [i for i in found[1:] if not _joined(pieces, i)]


def touching(pieces: Segments, one: int, other: int) -> bool:
    """Whether a space alone is between two places, or nothing in a script without spaces."""
    if other == one + 2:
        return pieces[one + 1] == " "
    return other == one + 1 and is_unspaced(pieces[one]) and is_unspaced(pieces[other])


def _joined(pieces: Segments, i: int) -> bool:
    """Whether a joiner is before or behind a place, possibly with a space between."""
    before = [piece for piece in pieces[max(0, i - 2) : i] if piece != " "][-1:]
    behind = [piece for piece in pieces[i + 1 : i + 3] if piece != " "][:1]
    return any(piece in _JOINERS for piece in before) or (
        any(piece in _JOINERS for piece in behind) and not _ends(pieces, i)
    )


def _ends(pieces: Segments, i: int) -> bool:
    """Whether no word follows a place: what is behind it ends the sentence."""
    return not any(is_word(piece) for piece in pieces[i + 1 :])
