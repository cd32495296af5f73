"""A comparison that grows ends when every difference is significant or precise."""

from pathlib import Path

import pytest

from nlp_ssl.comparison.analysis import boards
from nlp_ssl.comparison.looks import undecided
from tests.comparison.worlds import World, write_comparison


@pytest.mark.parametrize(("difference", "left"), [(100.0, 0), (1e-6, None)])
def test_a_difference_is_decided_by_significance_or_precision(tmp_path: Path, difference: float, left: int) -> None:
    board = boards(write_comparison(tmp_path, World(seeds=3)), tmp_path)[0]
    found, of = undecided(board, difference)
    gaps = [figure.gap for figure in board.figures.values() if figure.gap] + list(board.pairs.values())
    assert of == len(gaps) == 18  # of three objectives on three tasks
    significant = sum(gap.verdict in ("better", "worse") for gap in gaps)
    assert 0 < significant < 18
    assert found == (18 - significant if left is None else left)


def test_an_earlier_look_has_wider_intervals(tmp_path: Path) -> None:
    results = write_comparison(tmp_path, World(seeds=3))
    (alone, *_), (first, *_) = (
        boards({**results, "question": {**results["question"], "looks": looks}}, tmp_path) for looks in ([3], [3, 10])
    )
    for key, figure in alone.figures.items():
        gap, adjusted = figure.gap, first.figures[key].gap
        if gap is not None and adjusted is not None:
            assert adjusted.difference.mean == gap.difference.mean
            assert adjusted.difference.high - adjusted.difference.low > gap.difference.high - gap.difference.low
            assert adjusted.difference.p == pytest.approx(min(gap.difference.p / 0.09, 1))
