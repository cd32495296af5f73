from itertools import pairwise

import pytest

from nlp_ssl.report.svg import Style, cut_middle, label, linear_scale, log_ticks, plot, spread, ticks


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, [0.0, 0.5, 1.0]),
        (0.512, 0.634, [0.5, 0.55, 0.6, 0.65]),
        (3.0, 9.4, [2.0, 4.0, 6.0, 8.0, 10.0]),
        (-0.1, 0.1, [-0.1, -0.05, 0.0, 0.05, 0.1]),
    ],
)
def test_ticks_are_round_and_around_the_data(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == expected


@pytest.mark.parametrize("value", [0.0, 0.5, -3.0, 1e-9, 12345.0])
def test_a_single_value_has_ticks_around_it(value: float) -> None:
    found = ticks(value, value)
    assert found[0] <= value <= found[-1]
    assert all(a < b for a, b in pairwise(found))


def test_names_that_would_overlap_are_moved_apart_in_their_order() -> None:
    assert spread([50.0, 10.0, 50.0], 12, 0, 100) == [50.0, 10.0, 62.0]
    assert spread([98.0, 99.0, 100.0], 12, 0, 100) == [76.0, 88.0, 100.0]


def test_eighteen_series_look_different() -> None:
    looks = {(style.colour, style.dash) for style in map(Style, range(18))}
    assert len(looks) == 18


def test_logarithmic_ticks() -> None:
    assert log_ticks(10, 500) == [10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0]
    assert log_ticks(10, 1000) == [10.0, 100.0, 1000.0]


def test_a_scale_is_linear_and_may_be_reversed() -> None:
    y = linear_scale(0.0, 10.0, 100.0, 50.0)
    assert [y(value) for value in (0, 5, 10)] == [100.0, 75.0, 50.0]


def test_long_names_lose_their_middle() -> None:
    assert cut_middle("a" * 22) == "a" * 22
    assert cut_middle("a" * 15 + "b" * 15) == "a" * 10 + "…" + "b" * 11


def test_texts_are_escaped() -> None:
    assert label(1, 2, "<b>", "end", "soft") == '<text x="1.0" y="2.0" text-anchor="end" class="soft">&lt;b&gt;</text>'
    assert 'aria-label="&quot;x&quot;"' in plot('"x"', 10, [])
