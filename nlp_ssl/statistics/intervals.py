"""How sure a score is, and a difference between two: seeds and examples both vary.

A score is a mean over seeds of a metric over examples. Another pretraining seed would give another score, and so
would other examples of the same kind: the interval covers both (the idea of Sellam et al., "The MultiBERTs",
ICLR 2022), but by variance and not by resampling, which with two seeds covers 74 % where seeds vary much:

1. A seed's score moves by A = variance between seeds / seeds. Seeds are pretraining seeds, each with the mean of its
   fine-tuning seeds; a model with one pretraining seed has fine-tuning seeds in their place, and one with neither none.
2. The metric is made a mean over examples by the jackknife: what an example adds to it. E = the variance, between
   examples, of what they add to the mean over seeds / examples. Part of E is chance that each seed has to itself; it is
   in A already, so B = E less that part (the analysis of variance of seeds x examples, both random).
3. A + B is the variance of the score. A has few degrees of freedom, and neither way known from the literature
   fits: Satterthwaite's covers as little as 87 % with two seeds, Banerjee's (1961) as much as 98.7 %. Between them:

       half-width² = (A + B) (t_B² + (t_A² - t_B²) share^bend),  share = A / (A + B)

   with t_A and t_B the quantiles of Student's t for the degrees of freedom of A and of B (examples - 1). It is exact
   where either vanishes; a bend of 1 is Banerjee's and never covers too little. 7/4 is chosen for 95 %: whatever the
   share, the coverage by integration is 93.4 to 97.0 % for two seeds, 94.5 to 96.0 % for three, 94.9 to 95.4 % for
   five. It goes to 1 for small p values, so that those below 0.03 are never too small, and can be corrected for being
   many.
4. half-width² is at least half of what E alone would have, and for small p values all of it. A and B are estimates, and
   both can come out as zero: on 872 examples, two models differ by the very same amount with both of two seeds, by
   chance, once in some dozens of pairs. (All of it at 95 % would cover 98.7 % where two seeds vary not at all.)

`benchmarks/intervals.py` simulates it all.

Two models with the same seeds are one sample of differences, seed by seed and example by example. Where
only the examples are the same (beside an untrained network, whose seeds have nothing to do with those of pretraining),
the variances A of the two are added, with Satterthwaite's degrees of freedom; where these are few and unequal (two
seeds beside five) and examples vary little, that covers as little as 90.5 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import chdtri, ndtr, stdtrit

from nlp_ssl.tasks.metrics import CORRELATIONS, METRICS, Floats

LEVEL = 0.05
POWER = 0.8
_BEND = 7 / 4  # at `LEVEL`; the module says what it is
_LEAST_P = 1e-12
_AT_ONCE = 500  # patterns left out at once; bounds the memory: weights[500, patterns]


@dataclass(frozen=True, eq=False)
class Scores:
    """A model's scores on one task."""

    values: Floats
    """[pretraining seeds, fine-tuning seeds], fractions. A network that is not pretrained has as many samples of its
    own in place of pretraining seeds; what has no network has one."""
    influence: Floats
    """[pretraining seeds, fine-tuning seeds, n]: how far the score is moved by each example, times n."""
    pretrained: bool = True
    """Whether there is pretraining at all, of which one seed would be an anecdote."""
    lowest: float = 0.0
    """What the score can be at least; at most it is 1."""

    @property
    def mean(self) -> float:
        """Over all seeds."""
        return float(self.values.mean())


@dataclass(frozen=True)
class Interval:
    """A score, or a difference of two, with its 95 % interval: cut to what can be, which few seeds would leave."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference(Interval):
    """A difference of two models' mean scores."""

    p: float | None
    """Of a difference this far from zero where there is none; None for an anecdote."""
    detectable: float
    """The smallest true difference that has the right verdict in 80 % of such comparisons; infinite where none has."""
    anecdotal: bool
    """One pretraining seed: the interval is about this one model, with other examples and fine-tuning seeds."""

    @property
    def verdict(self) -> str:
        """What can be said: the interval has to be on one side of zero."""
        if self.low > 0:
            return "better"
        return "worse" if self.high < 0 else "no significant difference"


def measure(metric: str, gold: npt.ArrayLike, predicted: npt.ArrayLike, *, pretrained: bool = True) -> Scores:
    """The scores of `predicted` [pretraining seeds, fine-tuning seeds, n, ...] for `gold` [n, ...].

    Labels are as `nlp_ssl.tasks.metrics` has them. An example is a whole row, such as a sentence.
    """
    gold, predicted = np.asarray(gold, dtype=float), np.asarray(predicted, dtype=float)
    assert predicted.shape[2:] == gold.shape, "predictions are [seeds, fine-tuning seeds, n]"
    values, influence = np.empty(predicted.shape[:2]), np.empty(predicted.shape[:3])
    for seed in np.ndindex(values.shape):
        values[seed], influence[seed] = _jackknife(metric, gold, predicted[seed])
    return Scores(values, influence, pretrained, lowest=-1.0 if metric in CORRELATIONS else 0.0)


def measure_pairs(correct: npt.ArrayLike, paradigm: npt.ArrayLike, *, pretrained: bool = True) -> Scores:
    """Scores of minimal pairs: `correct` [seeds, n], 0.5 for a tie, `paradigm` [n], the name of each pair's paradigm.

    The score is the mean over paradigms of the share that is correct. Pairs of a paradigm are made from one
    template and no independent evidence: the examples whose choice the interval is about are the paradigms.
    """
    correct = np.asarray(correct, dtype=float)
    _, group, counts = np.unique(np.asarray(paradigm), return_inverse=True, return_counts=True)
    shares = np.stack([np.bincount(group, row) for row in correct]) / counts  # [seeds, paradigms]
    shares = shares[:, None] if pretrained else shares[None]
    values = shares.mean(2)
    return Scores(values, shares - values[..., None], pretrained)


def interval(scores: Scores) -> Interval:
    """The mean score with its interval; of one pretraining seed, it is about this one pretrained model."""
    half = float(_spread([_by_seed(scores)]).half_width(LEVEL))
    return Interval(scores.mean, max(scores.mean - half, scores.lowest), min(scores.mean + half, 1.0))


def difference(ours: Scores, theirs: Scores) -> Difference:
    """The mean of `ours` less that of `theirs`, on the same n examples.

    With as many pretraining seeds in both (or, if that is one, fine-tuning seeds), the seeds are paired: give the
    same ones in the same order. Those of untrained networks are never paired with pretraining seeds.
    """
    assert ours.influence.shape[2] == theirs.influence.shape[2], "two models are compared on the same examples"
    mine, other = _by_seed(ours), _by_seed(theirs)
    alike = len(ours.values) == 1 or ours.pretrained == theirs.pretrained
    if alike and len(ours.values) == len(theirs.values) and len(mine[0]) == len(other[0]):
        spread = _spread([(mine[0] - other[0], mine[1] - other[1])])
    else:
        spread = _spread([mine, (-other[0], -other[1])])
    anecdotal = any(model.pretrained and len(model.values) == 1 for model in (ours, theirs))
    mean, half = round(ours.mean - theirs.mean, 12), float(spread.half_width(LEVEL))  # equal scores differ by rounding
    p = None if anecdotal else spread.p_value(mean)
    low, high = max(mean - half, ours.lowest - 1), min(mean + half, 1 - theirs.lowest)
    detectable = spread.detectable()
    return Difference(mean, low, high, p, detectable if detectable <= 1 - theirs.lowest else math.inf, anecdotal)


def _jackknife(metric: str, gold: Floats, predicted: Floats) -> tuple[float, Floats]:
    """The score, and what each example adds to it: (n - 1) (score - score without the example), [n]."""
    # Examples that are alike add the same: the pairs of classes stand for thousands of examples.
    if gold.ndim == 1:
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


@dataclass(frozen=True)
class _Spread:
    """The variance of a mean: see the module."""

    seeds: float
    """A."""
    freedom: float
    """Its degrees of freedom; 0 without seeds."""
    examples: float
    """B."""
    own: float
    """E less B, which A is never truly below."""
    n: int

    def half_width(self, level: float, chance: npt.ArrayLike = 1.0) -> Floats:
        """Of the interval of coverage 1 - `level`, where the seeds happen to vary `chance` times as much."""
        t_examples = stdtrit(self.n - 1, 1 - level / 2) ** 2
        t_seeds = stdtrit(self.freedom, 1 - level / 2) ** 2 if self.freedom else t_examples
        seeds = self.seeds * np.asarray(chance)
        variance = seeds + self.examples
        of_small_p = 1 - min(level / LEVEL, 1)
        bend = _BEND + (1 - _BEND) * of_small_p
        share = np.divide(seeds, variance, out=np.zeros_like(variance), where=variance > 0)
        of_both = variance * (t_examples + (t_seeds - t_examples) * share**bend)
        least = (self.own + self.examples) * t_examples * (1 + of_small_p) / 2
        return np.sqrt(np.maximum(of_both, least))  # type: ignore[no-any-return]

    def p_value(self, mean: float) -> float:
        """The level at which the interval ends at zero; none is given below 1e-12."""
        if mean == 0:
            return 1.0
        if self.half_width(_LEAST_P) <= abs(mean):
            return _LEAST_P
        return float(brentq(lambda level: self.half_width(level) - abs(mean), _LEAST_P, 1))

    def detectable(self) -> float:
        """The true mean whose interval is above zero with probability `POWER`."""
        # Seeds that happen to agree still have their own chance with each example.
        true = replace(self, seeds=max(self.seeds, self.own))
        deviation = np.sqrt(true.seeds + true.examples)
        if deviation == 0:
            return 0.0
        chance = chdtri(self.freedom, (np.arange(400) + 0.5) / 400) / self.freedom if self.freedom else 1.0
        half = true.half_width(LEVEL, chance)
        return float(brentq(lambda mean: ndtr((mean - half) / deviation).mean() - POWER, 0, 2 * half.max()))


def _spread(samples: Sequence[tuple[Floats, Floats]]) -> _Spread:
    """The variance of the sum of means over independent seeds: of values [S] and influence [S, n], on n examples."""
    n = samples[0][1].shape[1]
    assert n > 1, "one example says nothing about others"
    total = np.zeros(n)
    parts, own = [], 0.0
    for values, influence in samples:
        total += influence.mean(0)
        S = len(values)
        if S > 1:
            parts.append((values.var(ddof=1) / S, S - 1))
            # What is left of influence [S, n] without the means of seeds and of examples.
            left = influence - influence.mean(0) - influence.mean(1, keepdims=True) + influence.mean()
            own += float((left**2).sum()) / ((S - 1) * (n - 1) * S * n)
    seeds, examples = sum(v for v, _ in parts), total.var(ddof=1) / n
    freedom = seeds**2 / sum(v**2 / f for v, f in parts) if seeds > 0 else max((f for _, f in parts), default=0)
    return _Spread(float(seeds), float(freedom), max(float(examples) - own, 0.0), own, n)


def _by_seed(scores: Scores) -> tuple[Floats, Floats]:
    """Values [S] and influence [S, n] of the seeds that a model has: the module says which."""
    if len(scores.values) > 1:
        return scores.values.mean(1), scores.influence.mean(1)
    return scores.values[0], scores.influence[0]
