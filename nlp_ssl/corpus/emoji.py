"""Emoji as whole sequences: a family joined by ZWJ, a flag or a keycap is one emoji."""

from __future__ import annotations

from collections import Counter

import regex

_PICTURE = (
    r"(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F?)\p{EMod}?(?:[\U000E0020-\U000E007E]+\U000E007F)?"
)
_SIGN = r"(?![©®‼⁉™ℹ](?!\uFE0F))"  # text symbols unless a variation selector asks for the emoji form

PATTERN = regex.compile(rf"\p{{RI}}\p{{RI}}|[0-9#*]\uFE0F?\u20E3|{_SIGN}{_PICTURE}(?:\u200D{_PICTURE})*")
"""Matches one emoji: a flag, a keycap, or a picture with its modifiers, tags and joined pictures."""


def count(text: str) -> Counter[str]:
    """How often each emoji occurs in a text."""
    return Counter() if text.isascii() else Counter(PATTERN.findall(text))


def strip(text: str) -> str:
    """Replace each emoji by a space."""
    return text if text.isascii() else PATTERN.sub(" ", text)
