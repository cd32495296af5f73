"""What the scores of a comparison say together; how sure each of them is, is `nlp_ssl.statistics.intervals`.

ours = measure("accuracy", gold, predicted)              # [pretraining seeds, fine-tuning seeds, n] -> Scores
describe(ours)                                           # mean, sd and median over nested seeds
found = difference(ours, untrained)                      # interval, p, verdict, smallest detectable difference
holm([found.p, ...])                                     # over objectives x tasks
any_significant(differences)                             # does the task enter the averages?
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
    """Scores over nested seeds: a pretraining seed's score is the mean of its fine-tuning seeds."""

    mean: float
    median: float
    """Of the pretraining seeds."""
    sd: float | None
    """Between pretraining seeds, with what fine-tuning seeds leave in their means; None for one."""
    finetuning_sd: float | None
    """Within pretraining seeds; None for one fine-tuning seed."""


def describe(scores: Scores) -> Description:
    """Mean, median and standard deviations (n - 1) over the seeds. The median of one pretraining seed is its runs'."""
    P, F = scores.values.shape
    seeds = scores.values.mean(1) if P > 1 else scores.values[0]
    return Description(
        mean=scores.mean,
        median=float(np.median(seeds)),
        sd=float(seeds.std(ddof=1)) if P > 1 else None,
        finetuning_sd=float(np.sqrt(scores.values.var(axis=1, ddof=1).mean())) if F > 1 else None,
    )


def holm(p: Sequence[float | None]) -> list[float | None]:
    """p values adjusted by Holm (1979), so that among all of them a false verdict has a chance of at most 5 %.

    None, an anecdote's, stays None and is not counted.
    """
    known = np.array([value for value in p if value is not None])
    order = np.argsort(known)
    adjusted = np.empty_like(known)
    adjusted[order] = np.minimum(np.maximum.accumulate(known[order] * np.arange(len(known), 0, -1)), 1)
    rest = iter(adjusted.tolist())
    return [None if value is None else next(rest) for value in p]


def any_significant(differences: Iterable[Difference]) -> bool:
    """Whether a task has a place in the average, from the differences of all objectives from one baseline.

    It has none where each objective is inside the baseline's interval, that is, cannot be told from the baseline:
    such a task adds noise to an average, and nothing about objectives.
    """
    return any(difference.verdict != "no significant difference" for difference in differences)


def normalised(scores: npt.ArrayLike, floor: npt.ArrayLike) -> Floats:
    """Scores [models, tasks] with 0 for `floor` [tasks] and 1 for a perfect score, so that tasks can be averaged.

    The floor is what one gets without reading: the score of the majority class, or chance. Below it is negative.
    """
    scores, floor = np.asarray(scores, dtype=float), np.asarray(floor, dtype=float)
    assert (floor < 1).all(), "a task that is perfect without reading says nothing"
    return np.asarray((scores - floor) / (1 - floor))


def ranks(scores: npt.ArrayLike) -> Floats:
    """The place of each model on each task [models, tasks], 1 the best; ties share the mean of their places."""
    return np.asarray(rankdata(-np.asarray(scores, dtype=float), axis=0))


@dataclass(frozen=True)
class Average:
    """A mean over tasks, and what becomes of it without one of them (the jackknife)."""

    mean: float
    error: float | None
    """The jackknife's standard error: how it would vary with other such tasks. None for one task, as the next two."""
    low: float | None
    high: float | None
    """The lowest and the highest mean when any one task is left out."""


def average(values: npt.ArrayLike) -> list[Average]:
    """The mean over tasks for each model, from values [models, tasks] (normalised scores, or ranks)."""
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
