"""Validation metrics of an objective's own, beside those of its head.

An objective names a module (`Objective.metrics`) that has `METRICS`. They are taken on the validation batches of a loss
that no other objective shares.
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
"""A model in pretraining (`nlp_ssl.training.model`)."""


@dataclass(frozen=True, kw_only=True)
class ExtraMetrics:
    """Further metrics of an objective."""

    names: tuple[str, ...]
    """What each is called in metrics.jsonl."""
    measure: Callable[[ModelLike, str, Batch, dict[str, Any], Vocabulary], Tensor]
    """(model, the loss's name, a micro-batch, its inputs, vocabulary) -> [names, 2] float64: sum and count of each.
    A batch may have rows of other losses, or none with a target: these count nothing."""
    steps: int | None = None
    """The number of batches of an evaluation that they are taken on; None for all."""


def extra_metrics(loss: Loss) -> ExtraMetrics | None:
    """The further metrics of a loss, if its objective has some and shares it with no other."""
    if len(loss.objectives) > 1 or loss.objective.metrics is None:
        return None
    found: ExtraMetrics = import_module(loss.objective.metrics).METRICS
    return found
