"""Errors that a user can cause."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any


class InputError(Exception):
    """Wrong input: what is wrong, where, and what to do about it.

    Commands print each problem as one sentence, without a traceback, and exit with status 2. Problems that are found
    together are reported together. Programming errors stay `AssertionError`, `TypeError` and the like, and keep their
    tracebacks.
    """

    def __init__(self, *problems: str) -> None:
        assert problems, "an InputError needs at least one problem"
        super().__init__("\n".join(problems))
        self.problems = problems

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive the way back from a worker process, whatever a subclass's constructor takes."""
        return _restored, (type(self), self.problems, self.__dict__)


class NoScoreError(InputError):
    """A usable model has no score of the kind that was asked for."""


def _restored(kind: type[InputError], problems: tuple[str, ...], state: dict[str, Any]) -> InputError:
    error = kind.__new__(kind)
    InputError.__init__(error, *problems)
    error.__dict__.update(state)
    return error


class FieldError(ValueError):
    """The value of a dataclass field breaks a rule.

    `field` is the field's name in its own dataclass; whoever knows the dataclass's place puts that before it.
    """

    def __init__(self, field: str, value: object, rule: str) -> None:
        super().__init__(field, value, rule)
        self.field, self.value, self.rule = field, value, rule

    def __str__(self) -> str:
        return f"{self.field} is {self.value!r}: {self.rule}"


def require(holds: bool, field: str, value: object, rule: str) -> None:
    """Raise a `FieldError` unless the rule holds."""
    if not holds:
        raise FieldError(field, value, rule)


def did_you_mean(word: str, known: list[str]) -> str:
    """The end of a message about an unknown `word`: the closest known word, or a list of all."""
    from difflib import get_close_matches

    close = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else listing(sorted(known))


LISTED_ITEMS = 10
LISTED_CHARACTERS = 60


def listing(items: Iterable[object], before: str = "there are ") -> str:
    """The items after `before`: at most ten, each cut to 60 characters, and the number of the others."""
    known = [str(item) for item in items]
    hidden = len(known) - LISTED_ITEMS
    shown = [cut(item) for item in known[:LISTED_ITEMS]]
    return before + ", ".join(shown) + (f" and {hidden:,} more" if hidden > 0 else "")


def cut(text: object, most: int = LISTED_CHARACTERS) -> str:
    """The text in one line of at most `most` characters, for a message."""
    line = " ".join(str(text)[: 10 * most].split())
    return line if len(line) <= most else line[: most - 1] + "…"


LONGEST_MESSAGE = 299


def short(message: str) -> str:
    """The message in at most 299 characters: if it is longer, long words and then the middle are cut."""
    if len(message) > LONGEST_MESSAGE:
        message = re.sub(r"\S{81,}", lambda word: f"{word[0][:50]}…{word[0][-25:]}", message)
    if len(message) > LONGEST_MESSAGE:
        message = f"{message[:180]}…{message[-118:]}"
    return message


def first_line(error: BaseException) -> str:
    """The first line of another library's error, or its type where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
