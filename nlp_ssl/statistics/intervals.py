"""Confidence intervals of scores, and of differences between scores, over seeds and examples.

A score is the mean over seeds of a metric over examples. Its interval covers other pretraining seeds and other
examples of the same kind, like the multi-bootstrap of Sellam et al., "The MultiBERTs", ICLR 2022. It uses variances
instead of resampling: with two seeds that vary much, resampling covers only 74 %.

1. A = variance between seeds / seeds. Seeds are pretraining seeds, and the score of one is the mean over its
   fine-tuning seeds. With one pretraining seed, its fine-tuning seeds are used instead. Without either, A = 0.
2. The jackknife turns the metric into a mean over examples: it gives the influence of each example. E = variance
   between examples of the influence, averaged over seeds, / examples. Part of E is noise of single seeds, which A
   includes already. So B = E minus this part, by the analysis of variance of seeds x examples, both random.
3. A + B is the variance of the score. A has few degrees of freedom. With two seeds, Satterthwaite's approximation
   covers as little as 87 %, Banerjee's (1961) as much as 98.7 %. This half-width lies between them:

       half-width² = (A + B) (t_B² + (t_A² - t_B²) share^bend),  share = A / (A + B)

   t_A and t_B are quantiles of Student's t with the degrees of freedom of A and of B (examples - 1). The half-width
   is exact if A or B is zero. With bend = 1 it is Banerjee's, which never covers too little. 95 % intervals use
   bend = 7/4. Over all shares, they cover 93.4 to 97.0 % with two seeds, 94.5 to 96.0 % with three, and 94.9 to 95.4 %
   with five (by integration). For small p values the bend approaches 1. p values below 0.03 are therefore never too
   small, and can be corrected for multiple comparisons.
4. half-width² is at least half of what E alone would give; for small p values, all of it. A and B are estimates, and
   both can be zero by chance: on 872 examples with two seeds, a few in a hundred pairs of models have exactly the
   same difference with both seeds. (All of E at 95 % would cover 98.7 % if seeds do not vary.)

`benchmarks/intervals.py` simulates all of this. Examples that are not independent, such as the two sides of a
contrast, form clusters. Then n is the number of clusters, and the influence of a cluster is that of its examples.

Fine-tuning seed i may learn from the i-th draw of training examples, the same for all models and pretraining seeds.
Then C = variance between draws / draws is a further variance, of a score and of a difference paired by draw. What each
network has to itself is left out of C, since A has it already. The degrees of freedom of C join those of A.

An existing model is one network, whose pretraining is not repeated. Its A is the variance between fine-tuning seeds,
and zero for a single probe: a difference says something about this model, not about others trained in the same way.
Where each fine-tuning seed has its own draw, its A is part of C, with which it is paired.

Two models with the same seeds are one sample of differences, paired by seed and by example. The seeds of random
initialisation are unrelated to pretraining seeds, so only examples are paired there: the variances A of both models
are added, with Satterthwaite's degrees of freedom. If these are few and unequal (two seeds and five) and examples
vary little, coverage can be as low as 90.5 %."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nlp_ssl.statistics.sequential import ONLY, Look
from nlp_ssl.statistics.spread import LEVEL, Spread, without_means
from nlp_ssl.tasks.metrics import CORRELATIONS, COUNTS, METRICS, Floats, f1_of_counts

_AT_ONCE = 500  # patterns left out at once; bounds the memory: weights[500, patterns]


@dataclass(frozen=True, eq=False)
class Scores:
    """A model's scores on one task."""

    values: Floats
    """Scores as fractions [pretraining seeds, fine-tuning seeds]. For random initialisation, the first dimension has
    its samples. Without a network, it has length 1."""
    influence: Floats
    """Influence of each example on the score, times n [pretraining seeds, fine-tuning seeds, n]."""
    pretrained: bool = True
    """Whether the first dimension is a sample of pretraining runs; a sample of one is anecdotal. An existing model is
    none: its scores are about this one model."""
    lowest: float = 0.0
    """Lowest possible score. The highest is 1."""
    draws: bool = False
    """Whether fine-tuning seed i learned from the i-th draw of training examples, the same for all models."""

    @property
    def mean(self) -> float:
        """Mean score over all seeds."""
        return float(self.values.mean())


@dataclass(frozen=True)
class Interval:
    """A score, or a difference of two, with its 95 % interval, clipped to possible values."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference(Interval):
    """A difference of two models' mean scores."""

    p: float | None
    """p value of the difference; None with one pretraining seed."""
    detectable: float
    """Minimum detectable effect: the smallest true difference that 80 % of such comparisons find; can be infinite."""
    anecdotal: bool
    """Whether a model has one pretraining seed. The interval then covers other examples and fine-tuning seeds only."""

    @property
    def verdict(self) -> str:
        """better or worse if the interval excludes zero, otherwise no significant difference."""
        if self.low > 0:
            return "better"
        return "worse" if self.high < 0 else "no significant difference"


def measure(
    metric: str,
    gold: npt.ArrayLike,
    predicted: npt.ArrayLike,
    *,
    cluster: npt.ArrayLike | None = None,
    pretrained: bool = True,
    draws: bool = False,
) -> Scores:
    """The scores of `predicted` [pretraining seeds, fine-tuning seeds, n, ...] against `gold` [n, ...].

    Labels are those of `nlp_ssl.tasks.metrics`. For a task with a label for each word, an example is a sentence.
    Examples of one `cluster` [n] count as one example of the interval of "accuracy"; other metrics ignore it.
    """
    gold, predicted = np.asarray(gold, dtype=float), np.asarray(predicted, dtype=float)
    assert predicted.shape[2 : 2 + gold.ndim] == gold.shape, "predictions are [seeds, fine-tuning seeds, n]"
    if cluster is not None and metric == "accuracy":
        return _clustered(np.asarray(predicted == gold, dtype=float), cluster, pretrained, draws)
    values, influence = np.empty(predicted.shape[:2]), np.empty(predicted.shape[:3])
    for seed in np.ndindex(values.shape):
        values[seed], influence[seed] = _jackknife(metric, gold, predicted[seed])
    return Scores(values, influence, pretrained, -1.0 if metric in CORRELATIONS else 0.0, draws)


def measure_pairs(
    correct: npt.ArrayLike, paradigm: npt.ArrayLike, *, independent: bool = False, pretrained: bool = True
) -> Scores:
    """Scores of minimal pairs: `correct` [seeds, n] is 0.5 for ties, `paradigm` [n] names each pair's paradigm.

    The score is the mean accuracy over paradigms. The interval treats paradigms as examples, because the pairs of a
    paradigm come from one template and are not independent. If pairs are `independent`, as those of natural sentences
    are, they are the examples.
    """
    correct = np.asarray(correct, dtype=float)
    _, group, counts = np.unique(np.asarray(paradigm), return_inverse=True, return_counts=True)
    shares = np.stack([np.bincount(group, row) for row in correct]) / counts  # [seeds, paradigms]
    if independent:
        weights = correct.shape[1] / (len(counts) * counts[group])  # [n], with mean 1
        influence = weights * (correct - shares[:, group])
        values = shares.mean(1, keepdims=True)  # [seeds, 1]
        return Scores(*((values, influence[:, None]) if pretrained else (values.T, influence[None])), pretrained)
    shares = shares[:, None] if pretrained else shares[None]
    values = shares.mean(2)
    return Scores(values, shares - values[..., None], pretrained)


def measure_clusters(values: npt.ArrayLike, cluster: npt.ArrayLike, *, pretrained: bool = True) -> Scores | None:
    """Scores that are means of `values` [pretraining seeds, fine-tuning seeds, n] in independent clusters [n].

    The interval treats clusters as examples; None for a single cluster.
    """
    several = len(np.unique(np.asarray(cluster))) > 1
    return _clustered(np.asarray(values, dtype=float), cluster, pretrained) if several else None


def _clustered(values: Floats, cluster: npt.ArrayLike, pretrained: bool, draws: bool = False) -> Scores:
    _, group, sizes = np.unique(np.asarray(cluster), return_inverse=True, return_counts=True)
    means = values.mean(axis=2)
    sums = np.apply_along_axis(lambda row: np.bincount(group, row), 2, values)  # [..., clusters]
    influence = (sums - means[..., None] * sizes) * len(sizes) / values.shape[2]
    return Scores(means, influence, pretrained, draws=draws)


def interval(scores: Scores) -> Interval:
    """The mean score with its interval. With one pretraining seed, the interval is that of this one model."""
    half = float(_spread([_by_seed(scores)], _draws([scores.values] if scores.draws else [])).half_width(LEVEL))
    return Interval(scores.mean, max(scores.mean - half, scores.lowest), min(scores.mean + half, 1.0))


def difference(ours: Scores, theirs: Scores, look: Look = ONLY) -> Difference:
    """The mean of `ours` less that of `theirs`, on the same n examples.

    With as many pretraining seeds in both (or, if that is one, fine-tuning seeds), the seeds are paired: give the
    same ones in the same order. Those of untrained networks are never paired with pretraining seeds. In a comparison
    with several looks, `look` adjusts the interval, the p value and the detectable difference.
    """
    assert ours.influence.shape[2] == theirs.influence.shape[2], "two models are compared on the same examples"
    mine, other = _by_seed(ours), _by_seed(theirs)
    of_draws = ours.draws and theirs.draws and ours.values.shape[1] == theirs.values.shape[1]
    alike = len(ours.values) == 1 or ours.pretrained == theirs.pretrained
    if alike and len(ours.values) == len(theirs.values) and len(mine[0]) == len(other[0]):
        draws = _draws([ours.values - theirs.values] if of_draws else [])
        spread = _spread([(mine[0] - other[0], mine[1] - other[1])], draws)
    else:
        if of_draws and len(theirs.values) == 1:  # how it varies with the draw is in C
            other = theirs.values.mean(1), theirs.influence.mean(1)
        elif of_draws and len(ours.values) == 1:
            mine = ours.values.mean(1), ours.influence.mean(1)
        spread = _spread([mine, (-other[0], -other[1])], _draws([ours.values, -theirs.values] if of_draws else []))
    anecdotal = any(model.pretrained and len(model.values) == 1 for model in (ours, theirs))
    level = look.level(LEVEL)
    mean, half = round(ours.mean - theirs.mean, 12), float(spread.half_width(level))  # equal scores differ by rounding
    p = None if anecdotal else look.p_value(spread.p_value(mean))
    low, high = max(mean - half, ours.lowest - 1), min(mean + half, 1 - theirs.lowest)
    detectable = spread.detectable(level)
    return Difference(mean, low, high, p, detectable if detectable <= 1 - theirs.lowest else math.inf, anecdotal)


def _jackknife(metric: str, gold: Floats, predicted: Floats) -> tuple[float, Floats]:
    """The score, and the influence of each example on it: (n - 1) (score - score without the example), [n]."""
    if metric in COUNTS:
        table = COUNTS[metric](gold, predicted)
        total = table.sum(0, keepdims=True)
        score = f1_of_counts(total)
        return float(score[0]), (len(table) - 1) * (score - f1_of_counts(total - table))
    # Examples that are alike add the same: the pairs of classes stand for thousands of examples.
    if gold.ndim == predicted.ndim == 1:
        pairs, pattern, counts = np.unique(gold + 1j * predicted, return_inverse=True, return_counts=True)
        gold, predicted = pairs.real, pairs.imag
    else:  # rows are seldom alike
        pattern, counts = np.arange(len(gold)), np.ones(len(gold), dtype=np.int64)
    K, n = len(counts), int(counts.sum())
    full = METRICS[metric](gold, predicted, counts[None].astype(float))[0]
    without = [
        METRICS[metric](gold, predicted, counts - np.eye(min(_AT_ONCE, K - start), K, start))
        for start in range(0, K, _AT_ONCE)
    ]
    return float(full), ((n - 1) * (full - np.concatenate(without)))[pattern]


def _draws(tables: Sequence[Floats]) -> tuple[float, int] | None:
    """C of the sum of means of values [pretraining seeds, draws], and its degrees of freedom; None where A has it.

    With one pretraining seed everywhere, A is between draws.
    """
    if all(len(table) == 1 for table in tables) or tables[0].shape[1] == 1:
        return None
    F = tables[0].shape[1]
    between = np.sum([table.mean(0) for table in tables], axis=0).var(ddof=1) / F
    own = 0.0
    for table in (table for table in tables if len(table) > 1):
        left = without_means(table)
        own += float((left**2).sum()) / ((table.shape[0] - 1) * (F - 1)) / table.size
    return max(float(between) - own, 0.0), F - 1


def _spread(samples: Sequence[tuple[Floats, Floats]], draws: tuple[float, int] | None = None) -> Spread:
    """The variance of the sum of means over independent seeds: of values [S] and influence [S, n], on n examples.

    `draws` are C and its degrees of freedom.
    """
    n = samples[0][1].shape[1]
    assert n > 1, "one example says nothing about others"
    total = np.zeros(n)
    parts, own = [], 0.0
    for values, influence in samples:
        total += influence.mean(0)
        S = len(values)
        if S > 1:
            parts.append((values.var(ddof=1) / S, S - 1))
            left = without_means(influence)
            own += float((left**2).sum()) / ((S - 1) * (n - 1) * S * n)
    parts += [draws] if draws is not None else []
    seeds, examples = sum(v for v, _ in parts), total.var(ddof=1) / n
    freedom = seeds**2 / sum(v**2 / f for v, f in parts) if seeds > 0 else max((f for _, f in parts), default=0)
    return Spread(float(seeds), float(freedom), max(float(examples) - own, 0.0), own, n)


def _by_seed(scores: Scores) -> tuple[Floats, Floats]:
    """Values [S] and influence [S, n] of the seeds that a model has: the module says which."""
    if len(scores.values) > 1:
        return scores.values.mean(1), scores.influence.mean(1)
    return scores.values[0], scores.influence[0]
