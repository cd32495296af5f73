"""Messages, progress and tables.

Progress is a bar with rate and remaining time on a terminal, and otherwise (log file, CI) a line every
`SECONDS_BETWEEN_LINES`. In a distributed run only the first process prints. Messages and progress go to standard error,
so that standard output has only results.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

SECONDS_BETWEEN_LINES = 10.0

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def speaks() -> bool:
    """Whether this process prints: the first one of a distributed run."""
    return os.environ.get("RANK", "0") == "0"


def printable(text: str) -> str:
    """A text in one line that no terminal acts on.

    Line breaks, escape sequences and other control characters, marks that reorder text, and bytes of file names that
    are not UTF-8 become codes such as "\\x1b".
    """
    return _UNPRINTABLE.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def say(text: str = "") -> None:
    """Print a message to standard error."""
    if speaks():
        print(_lines_printable(text), file=sys.stderr, flush=True)


def show_result(text: str = "") -> None:
    """Print a result to standard output."""
    print(_lines_printable(text), flush=True)


def show_written(text: str, out: Path) -> None:
    """Print a result and the folder that all of it was written to, except within `part_of_a_result`."""
    if not _PART.get():
        show_result(text)
        say(f"\nall results are in {out}")


_PART = ContextVar("part of a result", default=False)


@contextmanager
def part_of_a_result() -> Iterator[None]:
    """For a command that calls others and prints one table of its own."""
    token = _PART.set(True)
    try:
        yield
    finally:
        _PART.reset(token)


def _lines_printable(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))


def warn(text: str) -> None:
    """Print a warning about something that affects the result."""
    say(f"warning: {text}")


def duration(seconds: float) -> str:
    """Format seconds: "42s", "3m 20s", "2h 05m"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02d}m"


def quantity(number: float) -> str:
    """Format a number with three digits and a decimal suffix: "950", "12.3k", "4.56M", "2.1G"."""
    for size, letter in ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= 0.9995 * size:  # 999.6k rounds to 1M
            return f"{number / size:.3g}{letter}"
    return f"{number:.3g}"


@dataclass
class Progress:
    """The progress of a job of `total` units. `status` is text shown after the numbers."""

    label: str
    total: float
    unit: str
    done: float = 0.0
    status: str = ""
    started: float = field(default_factory=time.monotonic)
    resumed_at: float = 0.0

    def advance(self, amount: float = 1.0, status: str | None = None) -> None:
        """Count `amount` more units as done. Cheap enough to call in every step."""
        self.done += amount
        if status is not None:
            self.status = status
        self._show(last=False)

    def _show(self, last: bool) -> None:
        """Show the progress; overridden by subclasses."""

    def line(self) -> str:
        """The progress as one line of text."""
        elapsed = time.monotonic() - self.started
        rate = (self.done - self.resumed_at) / elapsed if elapsed > 0 else 0.0
        parts = [f"{self.label} {100 * self.done / max(self.total, 1e-9):.0f}%"]
        parts.append(f"{quantity(self.done)}/{quantity(self.total)} {self.unit}")
        if rate > 0:
            parts.append(f"{quantity(rate)} {self.unit}/s")
            left = max(self.total - self.done, 0) / rate
            parts.append(f"{duration(left)} left" if left else f"took {duration(elapsed)}")
        return "  ".join([*parts, self.status] if self.status else parts)


@dataclass
class _Lines(Progress):
    """Progress as lines of text, for logs."""

    shown: float = field(default_factory=time.monotonic)

    def _show(self, last: bool) -> None:
        now = time.monotonic()
        if last or now - self.shown >= SECONDS_BETWEEN_LINES:
            self.shown = now
            say(self.line())


class _Bar(Progress):
    """Progress as a bar on a terminal, drawn by rich."""

    def __init__(self, label: str, total: float, unit: str, done: float, resumed_at: float) -> None:
        super().__init__(label, total, unit, done, resumed_at=resumed_at)
        from rich import progress as rich
        from rich.console import Console

        columns = (rich.BarColumn(30), rich.TextColumn("{task.description}", markup=False))
        self.bar = rich.Progress(*columns, console=Console(stderr=True), refresh_per_second=8)
        self.task = self.bar.add_task(self.line(), total=total, completed=int(done))
        self.bar.start()

    def _show(self, last: bool) -> None:
        self.bar.update(self.task, completed=self.done, description=self.line())
        if last:
            self.bar.stop()


@contextmanager
def progress(label: str, total: float, unit: str, done: float = 0.0) -> Iterator[Progress]:
    """Show the progress of a job: `with progress("encode", 45.0, "MB") as job: … job.advance(0.5)`.

    `done` units were finished by an earlier run: they count as done, but not towards the rate.
    """
    if not speaks():
        yield Progress(label, total, unit, done)
        return
    kind = _Bar if sys.stderr.isatty() else _Lines
    job = kind(label, total, unit, done=done, resumed_at=done)
    try:
        yield job
    finally:
        job._show(last=True)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format a plain-text table. The first column is left-aligned, the others right-aligned."""
    from rich.cells import cell_len  # wide characters such as Hangul take two columns

    cells = [[printable(cell) for cell in row] for row in (header, *rows)]
    widths = [max(cell_len(row[i]) for row in cells) for i in range(len(header))]

    def aligned(row: Sequence[str]) -> str:
        first = row[0] + " " * (widths[0] - cell_len(row[0]))
        rest = [" " * (w - cell_len(c)) + c for c, w in zip(row[1:], widths[1:], strict=True)]
        return "  ".join([first, *rest]).rstrip()

    return "\n".join([aligned(cells[0]), "  ".join("-" * w for w in widths), *map(aligned, cells[1:])])
