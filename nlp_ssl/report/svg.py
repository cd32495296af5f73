"""Elements of plots as inline SVG: styles of series, scales, ticks and labels.

Every plot is `WIDTH` units wide, about the width of a phone. Colours are CSS variables of the report, so one plot
serves light mode, dark mode and print. Series also differ by dash and marker, because colour alone is not accessible.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from rich.cells import cell_len, set_cell_size

WIDTH = 360.0
LETTER = 6.5
"""Width of a letter at the font size of plots, in a wide font."""
LONGEST = 22
"""Letters of a name; longer names lose their middle."""
COLOURS = ("--c0", "--c1", "--c2", "--c3", "--c4", "--c5")
"""Colours of series, distinguishable with colour blindness (Okabe and Ito, darkened for contrast on white)."""
DASHES = ("", "5 3", "1.5 2.5")


@dataclass(frozen=True)
class Style:
    """The look of a series in all plots: the n-th objective, or grey for baselines."""

    number: int | None

    @property
    def colour(self) -> str:
        """A CSS declaration of the colour."""
        return f"--c: var({'--grey' if self.number is None else COLOURS[self.number % len(COLOURS)]})"

    @property
    def dash(self) -> str:
        """The attribute of a dashed line."""
        dash = "4 3" if self.number is None else DASHES[self.number // len(COLOURS) % len(DASHES)]
        return f' stroke-dasharray="{dash}"' if dash else ""

    def marker(self, x: float, y: float, r: float = 3.5) -> str:
        """A dot, square, triangle or diamond around a point."""
        shape = 0 if self.number is None else self.number // len(COLOURS) % 4
        if shape == 0:
            return f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="{r:g}"/>'
        corners = {
            1: ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
            2: ((0.0, -1.2), (1.1, 0.9), (-1.1, 0.9)),
            3: ((0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)),
        }[shape]
        points = " ".join(f"{x + r * dx:.1f},{y + r * dy:.1f}" for dx, dy in corners)
        return f'<polygon class="dot" points="{points}"/>'


def ticks(low: float, high: float, about: int = 4) -> list[float]:
    """About `about` round numbers that enclose `low` and `high`."""
    span = high - low or abs(high) or 1.0
    step = 10.0 ** math.floor(math.log10(span / about))
    step *= next(m for m in (1, 2, 5, 10) if span / (m * step) <= about)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, max(last, first + 1) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times the powers of ten around two numbers; only the powers over more than two decades."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [m * 10.0**e for e in exponents for m in ((1, 2, 5) if high < 100 * low else (1,))]


def spread(places: Sequence[float], apart: float, low: float, high: float) -> list[float]:
    """The places, moved so that neighbours are at least `apart`, in order and within [low, high] if they fit."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = [0.0] * len(places)
    last = low - apart
    for i in order:
        last = moved[i] = max(places[i], last + apart)
    limit = high + apart
    for i in reversed(order):
        limit = moved[i] = min(moved[i], limit - apart)
    return moved


def linear_scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    """Maps [low, high] to [start, end]."""
    span = high - low or 1.0
    return lambda value: start + (value - low) / span * (end - start)


def cut_middle(name: str) -> str:
    """The name, with its middle cut if it is longer than `LONGEST`."""
    if cell_len(name) <= LONGEST:
        return name
    tail = name[-LONGEST // 2 :]
    return set_cell_size(name, LONGEST - 1 - cell_len(tail)).rstrip() + "…" + tail


def grid_line(x1: float, y1: float, x2: float, y2: float) -> str:
    """A thin line."""
    return f'<path class="grid" d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"/>'


def label(x: float, y: float, text: str, anchor: str, kind: str = "") -> str:
    """A text, escaped. `anchor` is SVG's text-anchor, `kind` a CSS class."""
    kind = f' class="{kind}"' if kind else ""
    anchor = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{anchor}{kind}>{escape(text)}</text>'


def plot(title: str, height: float, parts: Sequence[str]) -> str:
    """The <svg> element of a plot with its title."""
    head = label(0, 13, set_cell_size(title, 58).rstrip(), "start", "title")
    return (
        f'<svg viewBox="0 0 {WIDTH:g} {height:.0f}" role="img" aria-label="{escape(title)}">\n'
        + "\n".join([head, *parts])
        + "\n</svg>"
    )
