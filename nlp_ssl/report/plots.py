"""Plots as inline SVG: dots with intervals, lines, bars.

Every plot is `WIDTH` units wide, which is about the width of a phone, and is meant to stand beside others of its
kind. Colours are CSS variables of the page, so one plot serves light, dark and print; a series differs from another
also by dash and marker, and has its name beside it, as colours alone do not tell everyone everything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from rich.cells import cell_len, set_cell_size

WIDTH = 360.0
LETTER = 6.5  # the width of a letter at the plots' font size, in a wide font
LONGEST = 22  # letters of a name; of longer ones the middle is cut
COLOURS = ("--c0", "--c1", "--c2", "--c3", "--c4", "--c5")
"""The page's colours for series; told apart by the colour-blind too (Okabe and Ito's, darkened where white asks)."""
DASHES = ("", "5 3", "1.5 2.5")


@dataclass(frozen=True)
class Style:
    """How a series looks, wherever it occurs: the n-th objective, or grey for what is there to compare with."""

    number: int | None

    @property
    def colour(self) -> str:
        """A CSS declaration that sets the colour of what is inside."""
        return f"--c: var({'--grey' if self.number is None else COLOURS[self.number % len(COLOURS)]})"

    @property
    def dash(self) -> str:
        """The attribute of a line."""
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


@dataclass(frozen=True)
class Dot:
    """A row of a dot plot: a figure with its interval, if it has one."""

    name: str
    value: float
    ends: tuple[float, float] | None
    style: Style


@dataclass(frozen=True)
class Line:
    """A series of a line plot: points in the order of x, a band around them, if there is one."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    style: Style
    band: tuple[Sequence[float], Sequence[float]] | None = None
    markers: bool = True


@dataclass(frozen=True)
class Bar:
    """A row of a bar plot, with the figure as people read it."""

    name: str
    value: float
    label: str
    style: Style


def dots(title: str, rows: Sequence[Dot], number: Callable[[float], str], mark_number: Callable[[float], str]) -> str:
    """One figure a row: a dot, its interval as a whisker, the figure at the right; the axis has `mark_number`."""
    ends = [v for row in rows for v in (row.value, *(row.ends or ()))]
    marks = ticks(min(ends), max(ends), 5)
    left, right, top, pitch = _margin(rows), WIDTH - 40.0, 26.0, 19.0
    x = _scale(min(marks[0], *ends), max(marks[-1], *ends), left, right)
    bottom = top + pitch * len(rows)
    parts = [_grid_line(x(mark), top, x(mark), bottom) for mark in marks]
    parts += [_text(x(mark), bottom + 13, mark_number(mark), "middle", "soft") for mark in marks]
    for i, row in enumerate(rows):
        y = top + pitch * (i + 0.5)
        parts.append(f'<g style="{row.style.colour}">')
        if row.ends is not None:
            low, high = map(x, row.ends)
            parts.append(
                f'<path class="line" d="M{low:.1f} {y:.1f}H{high:.1f}M{low:.1f} {y - 3.5:.1f}v7'
                f'M{high:.1f} {y - 3.5:.1f}v7"/>'
            )
        parts.append(f"{row.style.marker(x(row.value), y)}</g>")
        parts.append(_text(left - 8, y + 4, _short(row.name), "end", "soft" if row.style.number is None else ""))
        parts.append(_text(WIDTH - 1, y + 4, number(row.value), "end"))
    return _svg(title, bottom + 20, parts)


def bars(title: str, rows: Sequence[Bar]) -> str:
    """One bar a row, from zero, the figure behind it."""
    left, top, pitch = _margin(rows), 26.0, 19.0
    right = WIDTH - LETTER * max(cell_len(row.label) for row in rows) - 10
    x = _scale(0.0, max(max(row.value for row in rows), 1e-12), left, right)
    parts = []
    for i, row in enumerate(rows):
        y = top + pitch * i
        end = x(row.value)
        parts.append(
            f'<g style="{row.style.colour}"><rect class="bar" x="{left:.1f}" y="{y + 3:.1f}" '
            f'width="{max(end - left, 0.5):.1f}" height="{pitch - 6:.1f}"/></g>'
        )
        parts.append(_text(left - 8, y + 13.5, _short(row.name), "end"))
        parts.append(_text(end + 5, y + 13.5, row.label, "start", "soft"))
    return _svg(title, top + pitch * len(rows) + 6, parts)


def lines(
    title: str,
    series: Sequence[Line],
    x_label: str,
    x_number: Callable[[float], str],
    y_number: Callable[[float], str],
    log_x: bool = False,
    x_marks: Sequence[tuple[float, str]] = (),
) -> str:
    """Lines over a common x, each with its name at its end; where only one is named "" there is no margin for names.

    The x axis has marks at `x_marks` (place, name), at round numbers if there are none.
    """
    where: Callable[[float], float] = math.log10 if log_x else float
    xs = [where(v) for line in series for v in line.xs] + [where(v) for v, _ in x_marks]
    ys = [v for line in series for v in line.ys]
    ys += [v for line in series if line.band for side in line.band for v in side]
    y_marks = ticks(min(ys), max(ys))
    names = [_short(line.name) for line in series]
    left = 10 + LETTER * max(cell_len(y_number(mark)) for mark in y_marks)
    right = WIDTH - (LETTER * max(map(cell_len, names)) + 18 if any(names) else 12)
    top = 28.0
    bottom = top + max(150.0, 13.0 * len(series))
    across = _scale(min(xs), max(xs), left, right)
    y = _scale(min(y_marks[0], *ys), max(y_marks[-1], *ys), bottom, top)

    def x(value: float) -> float:
        return across(where(value))

    if not x_marks:
        values = [v for line in series for v in line.xs]
        places = _powers(min(values), max(values)) if log_x else ticks(min(values), max(values), 4)
        x_marks = [(v, x_number(v)) for v in places if min(values) <= v <= max(values)]
    parts = [_grid_line(left, y(mark), right, y(mark)) for mark in y_marks]
    parts += [_text(left - 5, y(mark) + 4, y_number(mark), "end", "soft") for mark in y_marks]
    taken = -math.inf
    for place, name in x_marks:
        half = LETTER * cell_len(name) / 2
        centre = min(max(x(place), half), WIDTH - half)
        parts.append(_grid_line(x(place), bottom, x(place), bottom + 4))
        if centre - half > taken + 4:  # names that would touch are left out
            parts.append(_text(centre, bottom + 15, name, "middle", "soft"))
            taken = centre + half
    parts.append(_text((left + right) / 2, bottom + 29, x_label, "middle", "soft"))
    for line in series:
        parts.append(f'<g style="{line.style.colour}">')
        if line.band is not None:
            low, high = line.band
            outline = [*zip(line.xs, low, strict=True), *reversed([*zip(line.xs, high, strict=True)])]
            parts.append(f'<polygon class="band" points="{" ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in outline)}"/>')
        path = "L".join(f"{x(a):.1f} {y(b):.1f}" for a, b in zip(line.xs, line.ys, strict=True))
        faint = "" if line.markers or line.style.number is None else " faint"
        parts.append(f'<path class="line{faint}"{line.style.dash} d="M{path}"/>')
        if line.markers:
            parts += [line.style.marker(x(a), y(b), 3) for a, b in zip(line.xs, line.ys, strict=True)]
        parts.append("</g>")
    if any(names):
        ends = [y(line.ys[-1]) for line in series]
        for line, name, end, place in zip(series, names, ends, spread(ends, 12.0, top, bottom), strict=True):
            start = x(line.xs[-1])
            parts.append(
                f'<path class="leader" style="{line.style.colour}" d="M{start + 4:.1f} {end:.1f}'
                f'L{right + 12:.1f} {place:.1f}"/>'
            )
            parts.append(_text(right + 15, place + 4, name, "start", "soft" if line.style.number is None else ""))
    return _svg(title, bottom + 36, parts)


def ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Round numbers from below `low` to above `high`, about so many."""
    span = high - low or abs(high) or 1.0
    step = 10.0 ** math.floor(math.log10(span / about))
    step *= next(m for m in (1, 2, 5, 10) if span / (m * step) <= about)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, max(last, first + 1) + 1)]


def spread(places: Sequence[float], apart: float, low: float, high: float) -> list[float]:
    """The places moved as little as need be to be `apart`, in their order, inside of [low, high] if they fit."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = [0.0] * len(places)
    last = low - apart
    for i in order:
        last = moved[i] = max(places[i], last + apart)
    limit = high + apart
    for i in reversed(order):
        limit = moved[i] = min(moved[i], limit - apart)
    return moved


def _powers(low: float, high: float) -> list[float]:
    """1, 2 and 5 times the powers of ten between two numbers, the powers alone if there are many."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [m * 10.0**e for e in exponents for m in ((1, 2, 5) if high < 100 * low else (1,))]


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    span = high - low or 1.0
    return lambda value: start + (value - low) / span * (end - start)


def _margin(rows: Sequence[Dot] | Sequence[Bar]) -> float:
    """The room for the rows' names."""
    return 10 + LETTER * max(cell_len(_short(row.name)) for row in rows)


def _short(name: str) -> str:
    if cell_len(name) <= LONGEST:
        return name
    tail = name[-LONGEST // 2 :]
    return set_cell_size(name, LONGEST - 1 - cell_len(tail)).rstrip() + "…" + tail


def _grid_line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path class="grid" d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str, kind: str = "") -> str:
    kind = f' class="{kind}"' if kind else ""
    anchor = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{anchor}{kind}>{escape(text)}</text>'


def _svg(title: str, height: float, parts: Sequence[str]) -> str:
    head = _text(0, 13, set_cell_size(title, 58).rstrip(), "start", "title")
    return (
        f'<svg viewBox="0 0 {WIDTH:g} {height:.0f}" role="img" aria-label="{escape(title)}">\n'
        + "\n".join([head, *parts])
        + "\n</svg>"
    )
