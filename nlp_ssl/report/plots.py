"""Dot, line and bar plots as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from nlp_ssl.report.svg import (
    LETTER,
    WIDTH,
    Style,
    cut_middle,
    grid_line,
    label,
    linear_scale,
    log_ticks,
    plot,
    spread,
    ticks,
)


@dataclass(frozen=True)
class Dot:
    """A row of a dot plot: a value and the limits of its interval, if it has one."""

    name: str
    value: float
    ends: tuple[float, float] | None
    style: Style


@dataclass(frozen=True)
class Line:
    """A series of a line plot: points in the order of x, with an optional band around them."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    style: Style
    band: tuple[Sequence[float], Sequence[float]] | None = None
    markers: bool = True


@dataclass(frozen=True)
class Bar:
    """A row of a bar plot, with its value as text."""

    name: str
    value: float
    label: str
    style: Style


def dots(
    title: str,
    rows: Sequence[Dot],
    number: Callable[[float], str],
    mark_number: Callable[[float], str],
    zero: bool = False,
) -> str:
    """A dot plot: intervals as whiskers, values at the right.

    `mark_number` writes the labels of the axis. `zero` draws a line at zero, for differences.
    """
    ends = [v for row in rows for v in (row.value, *(row.ends or ()))] + [0.0] * zero
    marks = ticks(min(ends), max(ends), 5)
    left, right, top, pitch = _name_margin(rows), WIDTH - 40.0, 26.0, 19.0
    x = linear_scale(min(marks[0], *ends), max(marks[-1], *ends), left, right)
    bottom = top + pitch * len(rows)
    parts = [grid_line(x(mark), top, x(mark), bottom) for mark in marks]
    parts += [f'<path class="line" d="M{x(0):.1f} {top:.1f}V{bottom:.1f}"/>'] * zero
    parts += [label(x(mark), bottom + 13, mark_number(mark), "middle", "soft") for mark in marks]
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
        parts.append(label(left - 8, y + 4, cut_middle(row.name), "end", "soft" if row.style.number is None else ""))
        parts.append(label(WIDTH - 1, y + 4, number(row.value), "end"))
    return plot(title, bottom + 20, parts)


def bars(title: str, rows: Sequence[Bar]) -> str:
    """A bar plot from zero, with values behind the bars."""
    left, top, pitch = _name_margin(rows), 26.0, 19.0
    right = WIDTH - LETTER * max(cell_len(row.label) for row in rows) - 10
    x = linear_scale(0.0, max(max(row.value for row in rows), 1e-12), left, right)
    parts = []
    for i, row in enumerate(rows):
        y = top + pitch * i
        end = x(row.value)
        parts.append(
            f'<g style="{row.style.colour}"><rect class="bar" x="{left:.1f}" y="{y + 3:.1f}" '
            f'width="{max(end - left, 0.5):.1f}" height="{pitch - 6:.1f}"/></g>'
        )
        parts.append(label(left - 8, y + 13.5, cut_middle(row.name), "end"))
        parts.append(label(end + 5, y + 13.5, row.label, "start", "soft"))
    return plot(title, top + pitch * len(rows) + 6, parts)


def lines(
    title: str,
    series: Sequence[Line],
    x_label: str,
    x_number: Callable[[float], str],
    y_number: Callable[[float], str],
    log_x: bool = False,
    x_marks: Sequence[tuple[float, str]] = (),
) -> str:
    """A line plot with the name of each series at its end; without a margin for names if all are "".

    The x axis is labelled at `x_marks` (value, label), by default at round numbers.
    """
    where: Callable[[float], float] = math.log10 if log_x else float
    xs = [where(v) for line in series for v in line.xs] + [where(v) for v, _ in x_marks]
    ys = [v for line in series for v in line.ys]
    ys += [v for line in series if line.band for side in line.band for v in side]
    y_marks = ticks(min(ys), max(ys))
    names = [cut_middle(line.name) for line in series]
    left = 10 + LETTER * max(cell_len(y_number(mark)) for mark in y_marks)
    right = WIDTH - (LETTER * max(map(cell_len, names)) + 18 if any(names) else 12)
    top = 28.0
    bottom = top + max(150.0, 13.0 * len(series))
    across = linear_scale(min(xs), max(xs), left, right)
    y = linear_scale(min(y_marks[0], *ys), max(y_marks[-1], *ys), bottom, top)

    def x(value: float) -> float:
        return across(where(value))

    parts = [grid_line(left, y(mark), right, y(mark)) for mark in y_marks]
    parts += [label(left - 5, y(mark) + 4, y_number(mark), "end", "soft") for mark in y_marks]
    marks = x_marks or _round_marks([v for line in series for v in line.xs], x_number, log_x)
    parts += _x_axis([(x(value), text) for value, text in marks], bottom)
    parts.append(label((left + right) / 2, bottom + 29, x_label, "middle", "soft"))
    for line in series:
        parts += _line(line, x, y)
    if any(names):
        parts += _names_at_ends(series, x, y, right, (top, bottom))
    return plot(title, bottom + 36, parts)


def _round_marks(values: Sequence[float], number: Callable[[float], str], log: bool) -> list[tuple[float, str]]:
    low, high = min(values), max(values)
    places = log_ticks(low, high) if log else ticks(low, high, 4)
    return [(value, number(value)) for value in places if low <= value <= high]


def _x_axis(marks: Sequence[tuple[float, str]], bottom: float) -> Iterator[str]:
    """Marks and labels; labels that would touch the one before are left out."""
    taken = -math.inf
    for place, text in marks:
        half = LETTER * cell_len(text) / 2
        centre = min(max(place, half), WIDTH - half)
        yield grid_line(place, bottom, place, bottom + 4)
        if centre - half > taken + 4:
            yield label(centre, bottom + 15, text, "middle", "soft")
            taken = centre + half


def _line(line: Line, x: Callable[[float], float], y: Callable[[float], float]) -> Iterator[str]:
    """The band, line and markers of a series."""
    yield f'<g style="{line.style.colour}">'
    if line.band is not None:
        low, high = line.band
        outline = [*zip(line.xs, low, strict=True), *reversed([*zip(line.xs, high, strict=True)])]
        yield f'<polygon class="band" points="{" ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in outline)}"/>'
    path = "L".join(f"{x(a):.1f} {y(b):.1f}" for a, b in zip(line.xs, line.ys, strict=True))
    faint = "" if line.markers or line.style.number is None else " faint"
    yield f'<path class="line{faint}"{line.style.dash} d="M{path}"/>'
    if line.markers:
        yield from (line.style.marker(x(a), y(b), 3) for a, b in zip(line.xs, line.ys, strict=True))
    yield "</g>"


def _names_at_ends(
    series: Sequence[Line],
    x: Callable[[float], float],
    y: Callable[[float], float],
    right: float,
    limits: tuple[float, float],
) -> Iterator[str]:
    """Names beside the last points, moved apart and connected to them."""
    ends = [y(line.ys[-1]) for line in series]
    for line, end, place in zip(series, ends, spread(ends, 12.0, *limits), strict=True):
        start = x(line.xs[-1])
        yield (
            f'<path class="leader" style="{line.style.colour}" d="M{start + 4:.1f} {end:.1f}'
            f'L{right + 12:.1f} {place:.1f}"/>'
        )
        kind = "soft" if line.style.number is None else ""
        yield label(right + 15, place + 4, cut_middle(line.name), "start", kind)


def _name_margin(rows: Sequence[Dot] | Sequence[Bar]) -> float:
    """Width of the names of rows."""
    return 10 + LETTER * max(cell_len(cut_middle(row.name)) for row in rows)
