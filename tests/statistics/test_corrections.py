"""Statistics of a comparison against scipy, and against sums done by hand."""

import numpy as np
import pytest
from scipy import stats

from nlp_ssl.statistics.corrections import any_significant, average, describe, holm, normalised, ranks
from nlp_ssl.statistics.intervals import Difference, Scores, difference, interval, measure_pairs


def scores(values: list[list[float]]) -> Scores:
    return Scores(np.array(values), np.zeros((*np.shape(values), 4)))


def test_scores_are_described_over_nested_seeds() -> None:
    found = describe(scores([[0.5, 0.7], [0.6, 0.6], [0.9, 0.9]]))
    assert found.mean == pytest.approx(0.7)
    assert found.median == pytest.approx(0.6)  # of 0.6, 0.6, 0.9
    assert found.sd == pytest.approx(np.sqrt(0.03))
    assert found.finetuning_sd == pytest.approx(np.sqrt(0.02 / 3))


def test_equal_seeds_have_no_deviation() -> None:
    found = describe(scores([[0.5, 0.7, 0.9]]))
    assert (found.sd, found.median) == (None, 0.7)
    assert found.finetuning_sd == pytest.approx(0.2)
    assert describe(scores([[0.5], [0.7]])).finetuning_sd is None


def test_minimal_pairs_count_by_paradigm() -> None:
    paradigm = ["island", "island", "agreement", "agreement", "agreement", "agreement"]
    found = measure_pairs([[1, 0, 1, 1, 1, 1], [0, 0, 1, 1, 0, 0]], paradigm)
    assert found.values.tolist() == [[0.75], [0.25]]
    assert found.influence.tolist() == [[[0.25, -0.25]], [[0.25, -0.25]]]  # agreement, island
    untrained = measure_pairs([[1, 0, 1, 1, 1, 1], [0, 0, 1, 1, 0, 0]], paradigm, pretrained=False)
    assert untrained.values.tolist() == [[0.75, 0.25]] and not untrained.pretrained


def test_minimal_pairs_vary_as_a_bootstrap_over_paradigms_finds() -> None:
    rng = np.random.default_rng(0)
    shares = rng.uniform(0.4, 0.9, 67)
    found = interval(
        measure_pairs([np.tile(np.arange(100), 67) < np.repeat(100 * shares, 100)], np.repeat(range(67), 100))
    )
    wanted = stats.bootstrap((np.ceil(100 * shares) / 100,), np.mean, method="percentile", rng=rng).confidence_interval
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=0.004)


def test_many_pairs_of_few_paradigms_do_not_make_an_interval_narrow() -> None:
    """Twelve paradigms on which models differ, truly the same over all paradigms."""
    rng = np.random.default_rng(0)
    paradigm = np.repeat(np.arange(12), 200)
    verdicts = []
    for _ in range(1000):
        right = 0.6 + 0.1 * rng.standard_normal((2, 1, 12)) + 0.02 * rng.standard_normal((2, 3, 1))
        ours, theirs = (measure_pairs(rng.random((3, 2400)) < np.repeat(r, 200, axis=1), paradigm) for r in right)
        verdicts.append(difference(ours, theirs).verdict)
    assert 0.93 <= verdicts.count("no significant difference") / 1000 <= 0.975


def test_holm_by_hand() -> None:
    # 4 x 0.01; 3 x 0.013 is less, so the same; 2 x 0.03; 1 x 0.2
    assert holm([0.03, 0.01, 0.2, 0.013]) == pytest.approx([0.06, 0.04, 0.2, 0.04])
    assert holm([0.5, 0.9]) == [1, 1]
    assert holm([]) == []


def test_anecdotes_are_no_part_of_the_correction() -> None:
    assert holm([0.02, None, 0.04]) == [pytest.approx(0.04), None, pytest.approx(0.04)]


def test_holm_keeps_false_verdicts_rare() -> None:
    rng = np.random.default_rng(0)
    false = [min(p for p in holm(rng.random(20).tolist()) if p is not None) < 0.05 for _ in range(2000)]
    assert np.mean(false) == pytest.approx(0.05, abs=0.012)


def gap(low: float, high: float) -> Difference:
    return Difference((low + high) / 2, low, high, p=None, detectable=0.1, anecdotal=True)


def test_a_task_counts_if_any_objective_differs_from_the_baseline() -> None:
    assert not any_significant([gap(-0.1, 0.1), gap(-0.01, 0.3)])
    assert any_significant([gap(-0.1, 0.1), gap(0.01, 0.3)])
    assert any_significant([gap(-0.2, -0.1)])


def test_normalised_scores_have_the_floor_at_zero_and_perfection_at_one() -> None:
    found = normalised([[0.75, 0.2], [1, 1], [0.4, -0.1]], [0.5, 0])
    assert found == pytest.approx(np.array([[0.5, 0.2], [1, 1], [-0.2, -0.1]]))


def test_ranks_are_those_of_scipy_from_the_best() -> None:
    values = [[0.9, 0.5], [0.7, 0.5], [0.8, 0.1]]
    assert ranks(values).tolist() == [[1, 1.5], [3, 1.5], [2, 3]]


def test_an_average_has_its_range_without_one_task() -> None:
    (found,) = average([[0.1, 0.2, 0.6]])
    assert (found.mean, found.low, found.high) == pytest.approx((0.3, 0.15, 0.4))
    assert found.error == pytest.approx(stats.sem([0.1, 0.2, 0.6]))
    assert average([[0.4], [0.5]])[1].mean == 0.5
    assert average([[0.4]])[0].error is None
