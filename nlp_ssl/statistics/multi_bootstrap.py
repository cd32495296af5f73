"""The multi-bootstrap of Sellam et al., "The MultiBERTs" (ICLR 2022), section 3.

Seeds and examples are drawn with replacement. A resample's score is the mean, over its seeds, of the metric on its
examples. Two models are compared on the same examples, and with paired seeds also on the same seeds. The interval is
the middle 95 % of the resampled differences.

It is reported beside the intervals of `nlp_ssl.statistics.intervals`, so that a paper can cite it. With few seeds it
covers too little (benchmarks/details/intervals.md), so verdicts do not use it. A resampled metric is computed from the
influence of its examples: exactly for accuracy and other means, to first order for others such as F1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from nlp_ssl.statistics.intervals import Scores
from nlp_ssl.tasks.metrics import Floats

RESAMPLES = 1000
_AT_ONCE = 100  # resamples; bounds the memory: float32 [100, examples]


@dataclass(frozen=True)
class MultiBootstrap:
    """A difference of two models' mean scores over resamples."""

    low: float
    """The 2.5th percentile."""
    high: float
    """The 97.5th percentile."""
    p: float
    """Share of resamples where the observed sign is not reproduced (one-sided); at least 1 / `RESAMPLES`."""


def multi_bootstrap(ours: Scores, theirs: Scores) -> MultiBootstrap:
    """The mean of `ours` less that of `theirs`, on the same n examples.

    Seeds are pretraining seeds, each with the mean of its fine-tuning seeds. They are paired if both models have
    equally many and both or neither are pretrained. The same scores give the same result.
    """
    assert ours.influence.shape[2] == theirs.influence.shape[2], "two models are compared on the same examples"
    paired = len(ours.values) == len(theirs.values) and ours.pretrained == theirs.pretrained
    rng = np.random.default_rng(0)
    chosen = _seeds(rng, len(ours.values))
    others = chosen if paired else _seeds(rng, len(theirs.values))
    differences = _resampled(ours, chosen) - _resampled(theirs, others)
    differences = differences.round(12)  # equal scores differ by rounding
    low, high = np.quantile(differences, [0.025, 0.975])
    observed = np.sign(round(ours.mean - theirs.mean, 12))
    p = float((differences * observed <= 0).mean())
    return MultiBootstrap(float(low), float(high), max(p, 1 / RESAMPLES))


def _seeds(rng: np.random.Generator, S: int) -> Floats:
    """How often each resample has each seed, as shares [resamples, S]."""
    return np.asarray(rng.multinomial(S, np.full(S, 1 / S), RESAMPLES) / S)


def _resampled(scores: Scores, seeds: Floats) -> Floats:
    """The score of each resample [resamples]."""
    if scores not in _on_examples:
        _on_examples[scores] = _by_examples(scores)
    return np.asarray((_on_examples[scores] * seeds).sum(1))


_on_examples: WeakKeyDictionary[Scores, Floats] = WeakKeyDictionary()
"""Results of `_by_examples`: a model is compared with several others."""


def _by_examples(scores: Scores) -> Floats:
    """The score of each seed on the examples of each resample [resamples, S]."""
    influence = scores.influence.mean(1).T.astype(np.float32)  # [n, S]
    counts = _counts(len(influence))
    moved = np.concatenate([counts[i : i + _AT_ONCE] @ influence for i in range(0, RESAMPLES, _AT_ONCE)])
    return np.asarray(scores.values.mean(1) + moved / len(influence))


@lru_cache(maxsize=2)
def _counts(n: int) -> npt.NDArray[np.uint8]:
    """How often each resample has each of n examples [resamples, n]; the same for all models of a task."""
    rng = np.random.default_rng(1)
    counts = np.empty((RESAMPLES, n), np.uint8)
    for row in counts:
        row[:] = np.bincount(rng.integers(0, n, n), minlength=n)
    return counts
