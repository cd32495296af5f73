"""Intervals against scipy where they reduce to its tests, and against simulations whose truth is known."""

import numpy as np
import pytest
from scipy import stats

from nlp_ssl.statistics.intervals import Difference, Scores, difference, interval, measure
from nlp_ssl.tasks.metrics import score

FLAT = ("accuracy", "f1", "macro_f1", "matthews", "pearson", "spearman")


def answers(*shape: int, right: float = 0.7, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Gold [n] and predictions of that shape [..., n]."""
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, 2, shape[-1])
    return gold, np.where(rng.random(shape) < right, gold, 1 - gold)


def world(
    rng: np.random.Generator, S: int, F: int, n: int, *, seed: float, finetuning: float, example: float, chance: float
) -> Scores:
    """Differences from 0 in truth, of independent seeds and examples; the arguments are standard deviations."""
    runs = seed * rng.standard_normal((S, 1, 1)) + finetuning * rng.standard_normal((S, F, 1))
    scores = runs + example * rng.standard_normal(n) + chance * rng.standard_normal((S, F, n))
    return Scores(scores.mean(2), scores - scores.mean(2, keepdims=True), lowest=-np.inf)


@pytest.mark.parametrize("metric", FLAT)
def test_measured_scores_are_those_of_the_metric(metric: str) -> None:
    gold, predicted = answers(2, 3, 50)
    measured = measure(metric, gold, predicted)
    wanted = [[score(metric, gold, run) for run in seed] for seed in predicted]
    assert measured.values == pytest.approx(np.array(wanted))
    assert measured.influence.shape == (2, 3, 50)


def test_what_an_example_adds_to_accuracy_is_whether_it_is_right() -> None:
    measured = measure("accuracy", [0, 0, 1, 1], [[[0, 1, 1, 1]]])
    assert measured.values == 0.75
    assert measured.influence[0, 0] == pytest.approx([0.25, -0.75, 0.25, 0.25])


@pytest.mark.parametrize("metric", ["matthews", "macro_f1", "f1", "pearson", "spearman"])
def test_what_examples_add_has_the_spread_that_resampling_finds(metric: str) -> None:
    gold, predicted = answers(1, 1, 400)
    if metric in ("pearson", "spearman"):
        rng = np.random.default_rng(1)
        gold = rng.normal(size=400)
        predicted = (gold + rng.normal(size=400))[None, None]
    error = measure(metric, gold, predicted).influence.std(ddof=1) / 20
    bootstrap = stats.bootstrap(
        (gold, predicted[0, 0]), lambda g, p: score(metric, g, p), paired=True, n_resamples=999, vectorized=False,
        method="percentile", rng=np.random.default_rng(0),
    )  # fmt: skip
    assert error == pytest.approx(bootstrap.standard_error, rel=0.08)


def test_without_seeds_it_is_the_paired_t_test_over_examples() -> None:
    gold, ours = answers(1, 1, 300)
    theirs = np.where(np.arange(300) % 7 == 0, 1 - ours, ours)
    found = difference(*(measure("accuracy", gold, p, pretrained=False) for p in (ours, theirs)))
    test = stats.ttest_rel(*((p[0, 0] == gold).astype(float) for p in (ours, theirs)))
    assert found.p == pytest.approx(test.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(test.confidence_interval()))
    assert not found.anecdotal


@pytest.mark.parametrize("shape", [(3, 1), (3, 4), (1, 3)])
def test_without_examples_varying_it_is_the_paired_t_test_over_seeds(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    ours, theirs = (Scores(0.1 * rng.normal(size=shape), np.zeros((*shape, 10)), pretrained=False) for _ in range(2))
    found = difference(ours, theirs)
    means = [s.values.mean(1) if shape[0] > 1 else s.values[0] for s in (ours, theirs)]
    test = stats.ttest_rel(*means)
    low, high = test.confidence_interval()
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.p == pytest.approx(test.pvalue)


def test_other_seeds_are_not_paired_but_compared_as_welch_has_it() -> None:
    rng = np.random.default_rng(0)
    ours = Scores(rng.normal(size=(5, 2)), np.zeros((5, 2, 10)))
    theirs = Scores(rng.normal(size=(1, 3)), np.zeros((1, 3, 10)), pretrained=False)
    test = stats.ttest_ind(ours.values.mean(1), theirs.values[0], equal_var=False)
    assert difference(ours, theirs).p == pytest.approx(test.pvalue)


def test_samples_of_an_untrained_network_are_not_paired_with_pretraining_seeds() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(size=(2, 3, 2))
    test = stats.ttest_ind(ours.mean(1), theirs.mean(1), equal_var=False)
    scores = Scores(ours, np.zeros((3, 2, 10))), Scores(theirs, np.zeros((3, 2, 10)), pretrained=False)
    assert difference(*scores).p == pytest.approx(test.pvalue)


def test_pairing_by_seed_removes_what_seeds_have_in_common() -> None:
    common = np.array([[0.1], [0.5], [0.9]])
    ours = Scores(common + np.array([[0.021], [0.019], [0.02]]), np.zeros((3, 1, 10)))
    theirs = Scores(common, np.zeros((3, 1, 10)))
    found = difference(ours, theirs)
    assert found.verdict == "better" and found.high - found.low < 0.01
    assert difference(ours, Scores(common[::-1], theirs.influence)).verdict == "no significant difference"


def test_verdicts() -> None:
    gold = np.arange(300) % 2
    best, worst = (measure("accuracy", gold, [[p]] * 2) for p in (gold, 1 - gold))
    assert (difference(best, worst).verdict, difference(worst, best).verdict) == ("better", "worse")
    same = difference(best, best)
    assert same == Difference(mean=0, low=0, high=0, p=1, detectable=0, anecdotal=False)
    assert same.verdict == "no significant difference"


def test_one_pretraining_seed_is_an_anecdote() -> None:
    gold, many = answers(3, 2, 100)
    several, one = measure("accuracy", gold, many), measure("accuracy", gold, many[:1])
    untrained = measure("accuracy", gold, many[1:2], pretrained=False)
    for ours, theirs, anecdotal in (
        (several, several, False), (several, untrained, False), (one, untrained, True), (several, one, True),
    ):  # fmt: skip
        found = difference(ours, theirs)
        assert found.anecdotal == anecdotal and (found.p is None) == anecdotal
        assert found.low <= found.mean <= found.high


def test_p_is_below_5_percent_exactly_where_the_interval_leaves_zero() -> None:
    rng = np.random.default_rng(0)
    verdicts = []
    for _ in range(200):
        sample = world(rng, 2, 2, 50, seed=0.05, finetuning=0.05, example=0.5, chance=0.5)
        found = difference(
            Scores(sample.values + 0.3, sample.influence), Scores(0 * sample.values, 0 * sample.influence)
        )
        assert found.p is not None and (found.p < 0.05) == (found.verdict != "no significant difference")
        verdicts.append(found.verdict)
    assert 20 < verdicts.count("better") < 180


def test_the_smallest_detectable_difference_is_that_of_the_textbook() -> None:
    rng = np.random.default_rng(0)
    # Examples alone: (1.96 + 0.84) standard errors.
    of_examples = Scores(np.zeros((1, 1)), rng.normal(size=(1, 1, 5000)))
    nothing = Scores(np.zeros((1, 1)), np.zeros((1, 1, 5000)))
    error = of_examples.influence.std(ddof=1) / np.sqrt(5000)
    assert difference(of_examples, nothing).detectable == pytest.approx((1.960 + 0.842) * error, rel=1e-3)
    # Seeds alone: the noncentral t distribution.
    of_seeds = Scores(np.array([[0.0], [0.03], [0.06], [0.09]]), np.zeros((4, 1, 10)))
    found = difference(of_seeds, Scores(np.zeros((4, 1)), np.zeros((4, 1, 10)))).detectable
    error = 0.03 * np.sqrt(5 / 3 / 4)
    assert stats.nct.sf(stats.t.isf(0.025, 3), 3, found / error) == pytest.approx(0.8, abs=2e-3)
    # Where it would be more than a score can differ by, nothing is.
    far = Scores(np.array([[0.1], [0.9]]), np.zeros((2, 1, 10)))
    assert difference(far, Scores(np.zeros((2, 1)), np.zeros((2, 1, 10)))).detectable == np.inf


@pytest.mark.parametrize("S", [2, 3, 5])
@pytest.mark.parametrize(
    "spread",
    [
        {"seed": 0.0, "finetuning": 0.0, "example": 0.3, "chance": 0.6},
        {"seed": 0.02, "finetuning": 0.02, "example": 0.5, "chance": 0.3},
        {"seed": 0.1, "finetuning": 0.05, "example": 0.5, "chance": 0.3},
        {"seed": 0.5, "finetuning": 0.1, "example": 0.5, "chance": 0.3},
    ],
    ids=["no seeds", "few", "as much as examples", "mostly seeds"],
)
def test_intervals_cover_the_truth(S: int, spread: dict[str, float]) -> None:
    """Of 93.4 to 97 % in theory, 3,000 repeats find 0.4 points more or less."""
    rng = np.random.default_rng(S)
    found = [interval(world(rng, S, 2, 60, **spread)) for _ in range(3000)]
    covered = np.mean([i.low <= 0 <= i.high for i in found])
    better = np.mean([i.low > 0 for i in found])
    assert 0.93 <= covered <= 0.975
    assert better <= 0.04


def test_scores_that_are_right_or_wrong_are_covered_too() -> None:
    """Predictions in, verdict out: Matthews correlations of two models that are equally good."""
    rng = np.random.default_rng(0)
    verdicts = []
    for _ in range(500):
        gold = (rng.random(200) < 0.7).astype(int)
        hard = rng.standard_normal(200)
        margin = 1 + 0.1 * rng.standard_normal((2, 3, 1, 1)) + hard + rng.standard_normal((2, 3, 1, 200))
        ours, theirs = (measure("matthews", gold, np.where(m > 0, gold, 1 - gold)) for m in margin)
        verdicts.append(difference(ours, theirs).verdict)
    assert verdicts.count("better") <= 0.05 * 500
    assert verdicts.count("no significant difference") >= 0.93 * 500


def test_models_that_predict_the_same_cannot_be_told_apart() -> None:
    # The mean of six equal scores is not quite one of them.
    gold, constant = np.random.default_rng(1).integers(0, 2, 60), np.zeros((3, 2, 60))
    found = difference(
        measure("accuracy", gold, constant), measure("accuracy", gold, constant[:1, :1], pretrained=False)
    )
    assert (found.mean, found.p, found.verdict) == (0, 1, "no significant difference")


@pytest.mark.parametrize(("metric", "lowest"), [("accuracy", 0.0), ("matthews", -1.0)])
def test_intervals_end_where_the_metric_does(metric: str, lowest: float) -> None:
    gold, predicted = [0, 0, 1, 1], [[[1, 1, 0, 0]], [[0, 0, 1, 1]]]  # all wrong and all right
    ours, theirs = measure(metric, gold, predicted), measure(metric, gold, predicted[::-1])
    found = interval(ours)
    assert (found.low, found.high) == (lowest, 1.0)
    gap = difference(ours, theirs)
    assert (gap.mean, gap.low, gap.high) == (0.0, lowest - 1, 1 - lowest)


def test_two_seeds_that_agree_by_chance_do_not_make_a_difference_sure() -> None:
    gold = np.zeros(100)
    # Each seed has one example more wrong than theirs, and no two are the same: nothing but chance.
    ours, theirs = np.zeros((2, 1, 100)), np.zeros((2, 1, 100))
    ours[0, 0, :11] = ours[1, 0, 20:31] = theirs[0, 0, 40:50] = theirs[1, 0, 60:70] = 1
    found = difference(measure("accuracy", gold, ours), measure("accuracy", gold, theirs))
    assert (found.mean, found.verdict) == (-0.01, "no significant difference")
    assert found.p is not None and found.p > 0.5
    # The differences of an example, over both seeds: -1/2 22 times, 1/2 20 times.
    error = np.sqrt((42 / 4 - 100 * 0.01**2) / 99 / 100)
    half = stats.t.isf(0.025, 99) * error / np.sqrt(2)
    assert (found.low, found.high) == pytest.approx((-0.01 - half, -0.01 + half), rel=1e-3)
