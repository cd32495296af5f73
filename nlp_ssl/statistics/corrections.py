"""Statistics over several scores: descriptions, corrections for multiple comparisons, and averages over tasks.

ours = measure("accuracy", gold, predicted)              # [pretraining seeds, fine-tuning seeds, n] -> Scores
describe(ours)                                           # mean, sd and median over nested seeds
found = difference(ours, random_init)                    # interval, p value, verdict, minimum detectable effect
holm([found.p, ...])                                     # over objectives x tasks
any_significant(differences)                             # whether the task counts in averages
normalised(scores, floor); ranks(scores); average(...)   # over tasks
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from nlp_ssl.statistics.intervals import Difference, Scores
from nlp_ssl.tasks.metrics import Floats


@dataclass(frozen=True)
class Description:
    """Scores over nested seeds. The score of a pretraining seed is the mean over its fine-tuning seeds."""

    mean: float
    median: float
    """Median over pretraining seeds; with one of these, over its fine-tuning seeds."""
    sd: float | None
    """Standard deviation between pretraining seeds; None with one seed."""
    finetuning_sd: float | None
    """Standard deviation between the fine-tuning seeds of a pretraining seed; None with one fine-tuning seed."""


def describe(scores: Scores) -> Description:
    """Mean, median and standard deviations (with n - 1) over the seeds."""
    P, F = scores.values.shape
    seeds = scores.values.mean(1) if P > 1 else scores.values[0]
    return Description(
        mean=scores.mean,
        median=float(np.median(seeds)),
        sd=float(seeds.std(ddof=1)) if P > 1 else None,
        finetuning_sd=float(np.sqrt(scores.values.var(axis=1, ddof=1).mean())) if F > 1 else None,
    )


def holm(p: Sequence[float | None]) -> list[float | None]:
    """p values with Holm's correction (1979): at level 5 %, the probability of any false positive is at most 5 %.

    None (one pretraining seed) stays None and does not count.
    """
    known = np.array([value for value in p if value is not None])
    order = np.argsort(known)
    adjusted = np.empty_like(known)
    adjusted[order] = np.minimum(np.maximum.accumulate(known[order] * np.arange(len(known), 0, -1)), 1)
    rest = iter(adjusted.tolist())
    return [None if value is None else next(rest) for value in p]


def any_significant(differences: Iterable[Difference]) -> bool:
    """Whether any objective differs significantly from a baseline, given their differences from it.

    A task without such an objective is left out of averages: it would only add noise.
    """
    return any(difference.verdict != "no significant difference" for difference in differences)


def normalised(scores: npt.ArrayLike, floor: npt.ArrayLike) -> Floats:
    """Rescale scores [models, tasks] to 0 at `floor` [tasks] and 1 for a perfect score, so tasks can be averaged.

    The floor is the score of the majority class, or chance. Scores below it are negative.
    """
    scores, floor = np.asarray(scores, dtype=float), np.asarray(floor, dtype=float)
    assert (floor < 1).all(), "the floor of a task must be below 1"
    return np.asarray((scores - floor) / (1 - floor))


def ranks(scores: npt.ArrayLike) -> Floats:
    """The rank of each model on each task [models, tasks]. 1 is the best; ties get their mean rank."""
    return np.asarray(rankdata(-np.asarray(scores, dtype=float), axis=0))


@dataclass(frozen=True)
class Average:
    """A mean over tasks, with its variation when one task is left out (the jackknife)."""

    mean: float
    error: float | None
    """Standard error over tasks, by the jackknife; None with one task."""
    low: float | None
    """Lowest mean when one task is left out; None with one task."""
    high: float | None
    """Highest mean when one task is left out; None with one task."""


def average(values: npt.ArrayLike) -> list[Average]:
    """The mean over tasks for each model. `values` [models, tasks] are normalised scores or ranks."""
    values = np.asarray(values, dtype=float)
    T = values.shape[1]
    assert T > 0, "no task to average over"
    means = values.mean(1)
    if T == 1:
        return [Average(float(mean), None, None, None) for mean in means]
    without = (values.sum(1, keepdims=True) - values) / (T - 1)  # [models, tasks]
    errors = np.sqrt((T - 1) * without.var(1))
    columns = zip(means, errors, without.min(1), without.max(1), strict=True)
    return [Average(*map(float, column)) for column in columns]
