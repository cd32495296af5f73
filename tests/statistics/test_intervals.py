"""Intervals against scipy where they reduce to its tests, and against simulations whose truth is known."""

import numpy as np
import pytest
from scipy import stats

from nlp_ssl.statistics.intervals import (
    Difference,
    Scores,
    difference,
    interval,
    measure,
    measure_clusters,
    measure_pairs,
)
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


def test_the_influence_on_accuracy_is_whether_an_example_is_correct() -> None:
    measured = measure("accuracy", [0, 0, 1, 1], [[[0, 1, 1, 1]]])
    assert measured.values == 0.75
    assert measured.influence[0, 0] == pytest.approx([0.25, -0.75, 0.25, 0.25])


@pytest.mark.parametrize("metric", ["matthews", "macro_f1", "f1", "pearson", "spearman"])
def test_influences_have_the_variance_of_resampling(metric: str) -> None:
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


def test_pairing_by_seed_removes_shared_variation() -> None:
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


def test_models_with_equal_predictions_do_not_differ() -> None:
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


def test_independent_pairs_are_the_sample_of_their_interval() -> None:
    """Two paradigms of 4 and 2 pairs, .75 and .5 correct: the variance is that of two means, by hand."""
    correct, paradigm = [[1, 1, 1, 0, 1, 0]], ["a", "a", "a", "a", "b", "b"]
    found = measure_pairs(correct, paradigm, independent=True)
    assert found.values.tolist() == [[0.625]]
    assert np.allclose(found.influence, [[[0.1875] * 3 + [-0.5625, 0.75, -0.75]]])
    assert np.isclose((found.influence**2).sum() / 6**2, (0.1875 / 4 + 0.25 / 2) / 4)
    untrained = measure_pairs(correct, paradigm, independent=True, pretrained=False)
    assert untrained.values.shape == (1, 1) and untrained.influence.shape == (1, 1, 6)
    many = np.tile([1, 0], 5000)
    half = interval(measure_pairs([many], ["a"] * 10_000, independent=True))
    assert 0.0095 < half.high - 0.5 < 0.0101


def test_the_interval_of_a_mean_over_clusters() -> None:
    values = np.array([[1, 0, 1, 1, 0.5, 0.5]])
    cluster = np.array([0, 0, 1, 1, 2, 2])
    found = measure_clusters(values[None], cluster)
    assert found is not None and found.mean == pytest.approx(4 / 6)
    # Cluster means are 0.5, 1 and 0.5: their standard error is 0.1667, and t is 4.30.
    assert found.influence[0, 0] == pytest.approx([-1 / 6, 1 / 3, -1 / 6])
    assert interval(found).high == 1.0 and interval(found).low == 0.0
    assert measure_clusters(values[None], np.zeros(6)) is None


def test_values_that_repeat_within_clusters_are_no_more_evidence() -> None:
    draw = np.random.default_rng(1)
    once, cluster = draw.random((2, 50)), np.arange(50)
    alone = measure_clusters(once[:, None], cluster)
    repeated = measure_clusters(np.repeat(once[:, None], 9, axis=2), np.repeat(cluster, 9))
    assert alone is not None and repeated is not None
    assert (interval(alone).low, interval(alone).high) == pytest.approx(
        (interval(repeated).low, interval(repeated).high)
    )
    assert alone.influence.shape == (2, 1, 50)
    untrained = measure_clusters(once[None], cluster, pretrained=False)
    assert untrained is not None and untrained.influence.shape == (1, 2, 50) and not untrained.pretrained


def test_one_class_for_both_sides_of_each_contrast_is_certainly_half_right() -> None:
    gold, contrast = np.tile([0, 1], 100), np.repeat(np.arange(100), 2)
    found = interval(measure("accuracy", gold, np.ones((1, 1, 200)), cluster=contrast))
    assert (found.mean, found.low, found.high) == (0.5, 0.5, 0.5)
    alone = interval(measure("accuracy", gold, np.ones((1, 1, 200))))
    assert alone.high - alone.mean == pytest.approx(1.972 * (0.25 / 199) ** 0.5, rel=1e-3)


def test_a_difference_narrows_where_both_sides_of_a_contrast_are_read_alike() -> None:
    """Two models that guess a class for each contrast, but are right about both sides of ten and of none."""
    rng, gold, contrast = np.random.default_rng(0), np.tile([0, 1], 100), np.repeat(np.arange(100), 2)
    ours, theirs = (np.repeat(rng.integers(0, 2, 100), 2)[None, None] for _ in range(2))
    ours[0, 0, :20] = gold[:20]
    narrow, wide = (
        difference(*(measure("accuracy", gold, predicted, cluster=cluster) for predicted in (ours, theirs)))
        for cluster in (contrast, None)
    )
    assert narrow.mean == wide.mean == pytest.approx(0.05)
    # Ten contrasts of 100 have half a point more each: the standard error is 0.5 * sqrt(0.1 * 0.9 / 99).
    assert narrow.high - narrow.mean == pytest.approx(1.984 * 0.5 * (0.09 / 99) ** 0.5, rel=1e-3)
    assert wide.high - wide.mean > 3 * (narrow.high - narrow.mean)


def test_clusters_are_those_of_accuracy_alone() -> None:
    gold, predicted, cluster = np.tile([0, 1], 20), np.tile([0, 1, 1, 1], 10)[None, None], np.repeat(np.arange(20), 2)
    assert measure("accuracy", gold, predicted, cluster=cluster, draws=True).draws
    found, without = (measure("macro_f1", gold, predicted, cluster=each) for each in (cluster, None))
    assert found.influence.tolist() == without.influence.tolist() and found.influence.shape == (1, 1, 40)


def drawn(values: list[list[float]], **others: bool) -> Scores:
    """Scores of [pretraining seeds, draws] on examples that do not vary."""
    table = np.array(values)
    return Scores(table, np.zeros((*table.shape, 1000)), draws=True, **others)


def test_draws_that_all_seeds_share_are_as_many_as_there_are() -> None:
    """Seeds agree, so the spread is that of three draws: t with 2 degrees of freedom, 4.303 standard errors."""
    found = interval(drawn([[0.5, 0.6, 0.7]] * 4))
    assert found.high - 0.6 == pytest.approx(4.3027 * 0.1 / 3**0.5, abs=1e-4)
    alone = interval(Scores(np.array([[0.5, 0.6, 0.7]] * 4), np.zeros((4, 3, 1000))))
    assert alone.high - alone.low == 0  # without draws of their own, they are the seeds' chance


def test_draws_are_paired_and_what_each_network_has_to_itself_counts_once() -> None:
    """What the draws have in common is in no difference; the rest is within what the seeds vary by."""
    common = np.array([0.0, 0.2, 0.4])
    own = np.array([[0.01, -0.01, 0.0], [-0.01, 0.0, 0.01], [0.0, 0.01, -0.01]])
    gap = difference(drawn((0.5 + common + own).tolist()), drawn([(0.4 + common).tolist()] * 3))
    assert gap.mean == pytest.approx(0.1) and gap.high - gap.low < 1e-9
    seeds = np.array([[-0.02], [0.0], [0.02]])
    gap = difference(drawn((0.5 + common + own + seeds).tolist()), drawn([(0.4 + common).tolist()] * 3))
    assert gap.high - 0.1 == pytest.approx(4.3027 * 0.02 / 3**0.5, abs=1e-4)


def test_draws_are_paired_with_those_of_an_untrained_network() -> None:
    common = np.array([0.0, 0.2, 0.4])
    ours, theirs = drawn([(0.5 + common).tolist()] * 3), drawn([(0.4 + common).tolist()] * 5, pretrained=False)
    gap = difference(ours, theirs)
    assert (gap.low, gap.high) == pytest.approx((0.1, 0.1))


@pytest.mark.parametrize(("S", "F"), [(3, 3), (5, 3), (3, 5)])
def test_intervals_cover_the_draw_of_training_examples(S: int, F: int) -> None:
    rng, n, covered, R = np.random.default_rng(0), 200, 0, 800
    for _ in range(R):
        values = 0.05 * rng.standard_normal((1, F)) + 0.02 * rng.standard_normal((S, 1))
        values = values + 0.02 * rng.standard_normal((S, F))
        examples = 0.3 * rng.standard_normal(n)
        influence = np.broadcast_to(examples - examples.mean(), (S, F, n))
        found = interval(Scores(0.5 + values + examples.mean(), influence, draws=True))
        covered += found.low <= 0.5 <= found.high
    assert 0.92 < covered / R < 0.98


def test_the_influence_of_a_sentence_on_span_f1_is_that_of_leaving_it_out() -> None:
    rng = np.random.default_rng(0)
    gold, predicted = rng.integers(0, 3, (2, 12, 5))
    scores = measure("span_f1", gold, predicted[None, None])
    full = score("span_f1", gold, predicted)
    rest = [np.delete(np.arange(12), i) for i in range(12)]
    expected = [11 * (full - score("span_f1", gold[kept], predicted[kept])) for kept in rest]
    assert scores.values[0, 0] == pytest.approx(full)
    assert scores.influence[0, 0] == pytest.approx(expected)


def test_an_existing_model_is_paired_with_runs_by_draw() -> None:
    draws = {"influence": np.zeros((1, 2, 50)), "draws": True}
    runs = Scores(np.array([[0.6, 0.7], [0.62, 0.72]]), np.zeros((2, 2, 50)), draws=True)
    model = Scores(np.array([[0.5, 0.58]]), **draws, pretrained=False)
    # A of the runs and C of the differences, 0.11 and 0.13, are 1e-4 each, with one degree of freedom each.
    found = difference(runs, model)
    assert found.p is not None and not found.anecdotal
    assert (found.mean, found.high - found.mean) == pytest.approx((0.12, 2e-4**0.5 * stats.t.ppf(0.975, 2)))
    back = difference(model, runs)
    assert (back.mean, back.high - back.mean) == pytest.approx((-0.12, 2e-4**0.5 * stats.t.ppf(0.975, 2)))
