"""The one error a user can cause."""

from __future__ import annotations


class InputError(Exception):
    """Wrong input: what is wrong, where, and what to do about it.

    The commands print each problem as one sentence, without a traceback, and exit with status 2.
    Several problems found together are reported together. Errors of the programmer are
    `AssertionError`, `TypeError` and friends, and keep their tracebacks.
    """

    def __init__(self, *problems: str) -> None:
        assert problems, "an InputError needs at least one problem"
        super().__init__("\n".join(problems))
        self.problems = problems


def did_you_mean(word: str, known: list[str]) -> str:
    """A suggestion to put behind a message about `word`, or a list of what there is."""
    from difflib import get_close_matches

    close = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"there are {', '.join(sorted(known))}"
