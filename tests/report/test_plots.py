import re

import pytest

from nlp_ssl.report.plots import Bar, Dot, Line, bars, dots, lines
from nlp_ssl.report.svg import WIDTH, Style


def numbers(svg: str, pattern: str) -> list[tuple[float, ...]]:
    return [tuple(map(float, groups)) for groups in re.findall(pattern, svg)]


def test_a_dot_lies_on_its_value_and_in_its_interval() -> None:
    rows = [Dot("a", 0.0, (-1.0, 1.0), Style(0)), Dot("b", 0.5, None, Style(None))]
    svg = dots("t", rows, lambda v: f"{v:.2f}", lambda v: f"{v:g}")
    (x1, y1), (x2, y2) = numbers(svg, r'<circle class="dot" cx="([\d.]+)" cy="([\d.]+)"')
    ((low, y, high),) = numbers(svg, r'd="M([\d.]+) ([\d.]+)H([\d.]+)')
    assert y == y1 < y2
    assert x1 == pytest.approx((low + high) / 2, abs=0.1)
    assert x2 == pytest.approx(x1 + (high - low) / 4, abs=0.1)


def test_points_of_a_line_are_at_their_places() -> None:
    svg = lines("t", [Line("", [1, 10, 100], [0, 5, 10], Style(0))], "x", str, str, log_x=True)
    a, b, c = numbers(svg, r'<circle class="dot" cx="([\d.]+)" cy="([\d.]+)"')
    assert b[0] == pytest.approx((a[0] + c[0]) / 2, abs=0.1)
    assert b[1] == pytest.approx((a[1] + c[1]) / 2, abs=0.1)
    assert a[1] > c[1]


def test_everything_is_inside_the_plot_and_escaped() -> None:
    style, name = Style(9), "긴 이름 <b> sequence-to-sequence, random initialisation"
    plots = [
        dots(name, [Dot(name, 0.7, (0.6, 0.8), style)], str, str),
        bars(name, [Bar(name, 5.0, "12m 02s", style), Bar("b", 0.0, "0s", style)]),
        lines(name, [Line(name, [1.0, 2.0], [0.5, 0.5], style, ([0.4, 0.4], [0.6, 0.6]))] * 20, "x", str, str),
    ]
    for svg in plots:
        ((width, height),) = numbers(svg, r'viewBox="0 0 (\d+) (\d+)"')
        assert width == WIDTH
        assert "<b>" not in svg
        for x, y in numbers(svg, r'<text x="([\d.-]+)" y="([\d.-]+)"'):
            assert 0 <= x <= WIDTH and 0 <= y <= height
