"""Minimum detectable effect (MDE) of a planned comparison: the smallest true difference found with 80 % power.

The scores of seeds x fine-tuning seeds x examples have variance components. They are estimated from an earlier
comparison by analysis of variance, or assumed. From them follow, for any number of seeds, fine-tuning seeds and
examples, the variances of `nlp_ssl.statistics.intervals`, and from these the power of its test: Student's t with the
noncentral distribution where seeds vary, the normal distribution where only examples do, and a mixture in between.

`benchmarks/power.py` compares predictions with simulated comparisons.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nlp_ssl.statistics.intervals import Scores
from nlp_ssl.statistics.sequential import ONLY, Look
from nlp_ssl.statistics.spread import LEVEL, Spread, chances, found_mean, without_means
from nlp_ssl.tasks.metrics import Floats


@dataclass(frozen=True)
class Components:
    """Variance components of a model's scores, or of paired differences of two models' scores, as fractions².

    A score of one example here is its influence: for accuracy 1 if it is right, and 0 if not.
    """

    seed: float
    """Between pretraining seeds, over all examples."""
    run: float
    """Between the fine-tuning seeds of a pretraining seed, over all examples."""
    example: float
    """Between examples, over all seeds."""
    seed_example: float
    """Of a pretraining seed with an example, over all fine-tuning seeds."""
    run_example: float
    """Of a fine-tuning seed with an example."""
    draw: float = 0.0
    """Between draws of training examples, over all pretraining seeds; 0 if all runs learn from the same examples."""

    @classmethod
    def of(cls, scores: Sequence[Scores]) -> Components:
        """Estimated from scores of at least two pretraining seeds each; the mean over several models, zero at least.

        With one fine-tuning seed, the components of runs are zero: those of seeds contain them.
        """
        means = np.mean([_components(each) for each in scores], axis=0)
        return cls(*np.maximum(means, 0.0).tolist())


@dataclass(frozen=True)
class Plan:
    """The numbers that a comparison chooses."""

    seeds: int
    runs: int
    """Fine-tuning seeds of each pretraining seed."""
    examples: int
    """Scored examples."""
    comparisons: int = 1
    """Differences that Holm's correction is over."""
    look: Look = ONLY


def paired(ours: Scores, theirs: Scores) -> Scores:
    """Differences of two models with the same seeds, as scores."""
    draws = ours.draws and theirs.draws
    return Scores(ours.values - theirs.values, ours.influence - theirs.influence, lowest=-np.inf, draws=draws)


def shared_components(ours: Scores, theirs: Scores) -> tuple[float, float]:
    """The components `example` and `draw` of the difference of two models, whose seeds need not be paired."""
    S = min(len(ours.values), len(theirs.values))
    F = min(ours.values.shape[1], theirs.values.shape[1])
    cut = [replace(model, values=model.values[:S, :F], influence=model.influence[:S, :F]) for model in (ours, theirs)]
    found = Components.of([paired(*cut)])
    return found.example, found.draw


def detectable(plan: Plan, samples: Sequence[Components], example: float, draw: float = 0.0) -> float:
    """The MDE of a difference, as a fraction. Infinite for one pretraining seed, which has no p value.

    `samples` are the differences of two models with paired seeds, or each model where seeds are independent.
    `example` and `draw` are these components of the difference: both models share examples and draws. The significance
    level is divided by the number of comparisons, which is that of Holm's correction for the first effect to be found.
    """
    if plan.seeds < 2:
        return float("inf")
    parts, freedoms, own = [], [], 0.0
    for sample in samples:
        of_examples = (sample.seed_example + sample.run_example / plan.runs) / plan.examples
        parts.append((sample.seed + sample.run / plan.runs + of_examples) / plan.seeds)
        freedoms.append(plan.seeds - 1)
        own += of_examples / plan.seeds
    if draw > 0 and plan.runs > 1:
        parts.append(draw / plan.runs)
        freedoms.append(plan.runs - 1)
    deviation = math.sqrt(sum(parts) + example / plan.examples)
    # What the comparison will estimate: the variance of each part, and Satterthwaite's degrees of freedom.
    number = {1: 400, 2: 40}.get(len(parts), 16)
    chance = np.meshgrid(*(chances(freedom, number) for freedom in freedoms))
    estimates = np.array([part * each.ravel() for part, each in zip(parts, chance, strict=True)])
    squares = (estimates**2 / np.array(freedoms)[:, None]).sum(0)
    freedom = np.divide(estimates.sum(0) ** 2, squares, out=np.zeros_like(squares), where=squares > 0)
    spread = Spread(estimates.sum(0), freedom, example / plan.examples, own, plan.examples)
    return found_mean(spread.half_width(plan.look.level(LEVEL) / plan.comparisons), deviation)


def fewest(enough: Callable[[int], float], wanted: float, most: int) -> int | None:
    """The smallest number up to `most` at which the MDE `enough(number)` is at most `wanted`; None if none is."""
    return next((number for number in range(2, most + 1) if enough(number) <= wanted), None)


def _components(scores: Scores) -> tuple[float, ...]:
    """The components; an estimate can be below zero."""
    S, F, n = scores.influence.shape
    assert S > 1 and n > 1, "variances need at least two seeds and two examples"
    # Mean squares of influence at each level, each freed of the levels below.
    of_seeds = scores.influence.mean(1)  # [S, n]
    seed_example = _left(of_seeds) / (S - 1)
    run_example = float(np.mean([_left(runs) for runs in scores.influence]) / (F - 1)) if F > 1 else 0.0
    example = float(scores.influence.mean((0, 1)).var(ddof=1)) - seed_example / S
    run, draw = _runs(scores)
    seed = float(scores.values.mean(1).var(ddof=1)) - run / F - (seed_example - run_example / F) / n
    return seed, run - run_example / n, example, seed_example - run_example / F, run_example, draw


def _runs(scores: Scores) -> tuple[float, float]:
    """The variance between fine-tuning seeds of a pretraining seed, and that between draws of training examples."""
    S, F = scores.values.shape
    if F == 1:
        return 0.0, 0.0
    if not scores.draws:
        return float(scores.values.var(axis=1, ddof=1).mean()), 0.0
    run = float((without_means(scores.values) ** 2).sum()) / ((S - 1) * (F - 1))
    return run, float(scores.values.mean(0).var(ddof=1)) - run / S


def _left(influence: Floats) -> float:
    """Sum of squares of influence [R, n] without the means of rows and of examples, divided by n - 1."""
    return float((without_means(influence) ** 2).sum() / (influence.shape[1] - 1))
