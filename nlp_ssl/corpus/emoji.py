"""Emoji as whole sequences: a family joined by ZWJ, a flag or a keycap is one emoji."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import regex

_PICTURE = (
    r"(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F?)\p{EMod}?(?:[\U000E0020-\U000E007E]+\U000E007F)?"
)
_SIGN = r"(?![©®‼⁉™ℹ](?!\uFE0F))"  # text symbols unless a variation selector asks for the emoji form

PATTERN = regex.compile(rf"\p{{RI}}\p{{RI}}|[0-9#*]\uFE0F?\u20E3|{_SIGN}{_PICTURE}(?:\u200D{_PICTURE})*")
"""Matches one emoji: a flag, a keycap, or a picture with its modifiers, tags and joined pictures."""


_PART = regex.compile(r"[\p{RI}\u20E3\p{Emoji_Presentation}\p{Extended_Pictographic}]")
"""Matches a character that every emoji has one of."""


def count(text: str, characters: Iterable[str]) -> Counter[str]:
    """How often each emoji occurs in a text, whose distinct `characters` are known: few texts need to be searched."""
    return Counter(PATTERN.findall(text)) if _PART.search("".join(characters)) else Counter()


def strip(text: str) -> str:
    """Replace each emoji by a space."""
    return text if text.isascii() else PATTERN.sub(" ", text)
