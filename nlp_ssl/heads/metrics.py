"""Extra validation metrics of an objective, in addition to those of its head.

`Objective.metrics` names a module that defines `METRICS`. They are computed only for losses of a single objective.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from torch import Tensor

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.objectives.mixture import Loss
from nlp_ssl.sampling.batch import Batch

ModelLike = Any
"""A `PretrainingModel` (nlp_ssl.training.model)."""


@dataclass(frozen=True, kw_only=True)
class ExtraMetrics:
    """Extra metrics of an objective."""

    names: tuple[str, ...]
    """Names of the metrics in metrics.jsonl."""
    measure: Callable[[ModelLike, str, Batch, dict[str, Any], Vocabulary], Tensor]
    """(model, loss name, micro-batch, its model inputs, vocabulary) -> float64 [names, 2]: sum and count of each
    metric.
    Sequences without a target of this loss must not count."""
    steps: int | None = None
    """Number of evaluation steps to measure; None for all."""


def extra_metrics(loss: Loss) -> ExtraMetrics | None:
    """The extra metrics of a loss, or None if there are none or several objectives share the loss."""
    if len(loss.objectives) > 1 or loss.objective.metrics is None:
        return None
    found: ExtraMetrics = import_module(loss.objective.metrics).METRICS
    return found
