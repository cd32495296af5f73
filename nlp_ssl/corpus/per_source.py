"""Options that have a value for all sources, or for those whose names match a pattern.

    --text-column body --text-column 'tweets/*.csv=tweet'

The last pattern that matches a source decides; a value without a pattern is for all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from nlp_ssl.errors import LISTED_ITEMS, InputError, cut, listing


@dataclass(frozen=True)
class PerSource:
    """The values of one option."""

    flag: str
    values: tuple[str, ...]

    def of(self, name: str) -> str | None:
        """The value for a source; None where the option says nothing about it."""
        pairs = [_split(value) for value in self.values]
        for pattern, value in reversed(pairs):
            if pattern and _matches(name, pattern):
                return value
        return next((value for pattern, value in reversed(pairs) if not pattern), None)

    def is_named(self, name: str) -> bool:
        """Whether a pattern of this option matches the source."""
        return any(pattern and _matches(name, pattern) for pattern, _ in map(_split, self.values))

    def check(self, names: Sequence[str]) -> None:
        """InputError where a pattern matches no source."""
        there = listing(Path(name).name for name in names[: LISTED_ITEMS + 1])
        problems = [
            f"{self.flag} {cut(value)}: no source matches {cut(pattern)!r}, {there}"
            for value in self.values
            if (pattern := _split(value)[0]) and not any(_matches(name, pattern) for name in names)
        ]
        if problems:
            raise InputError(*problems)


def _split(value: str) -> tuple[str, str]:
    """The pattern, "" where there is none, and the value."""
    pattern, _, value = value.rpartition("=")
    return pattern, value


def _matches(name: str, pattern: str) -> bool:
    """Whether a pattern matches a name, its end from any folder on, or a folder that it is in; * also matches "/"."""
    pattern = pattern.rstrip("/").removeprefix("./")
    return any(fnmatchcase(name, start + pattern + end) for start in ("", "*/") for end in ("", "/*"))
