"""Base class and loss of the heads that predict tokens."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from nlp_ssl.heads.base import Encode, Head, LossSum, TargetTensors
from nlp_ssl.models.parts import logits_of
from nlp_ssl.models.vocabulary_loss import vocabulary_loss, vocabulary_metrics
from nlp_ssl.objectives.mixture import Loss


class LanguageHead(Head):
    """Base class of heads that predict tokens at given positions."""

    def states(self, encode: Encode) -> Tensor:
        """The hidden states [B, L, H] that `positions` index."""
        states: Tensor = encode().last_hidden_state
        return states

    def loss(self, loss: Loss, encode: Encode, targets: TargetTensors, generator: torch.Generator) -> LossSum:
        """Cross-entropy; in evaluation also accuracy."""
        hidden = self.states(encode).flatten(0, 1)[targets["positions"]]  # [B * L, H] -> [T, H]
        return language_loss(self.carrier, hidden, targets["labels"], self.unknown)

    def logits(self, hidden: Tensor) -> Tensor:
        """Logits [T, V] from hidden states [T, H]."""
        return logits_of(self.carrier, hidden)


def language_loss(carrier: Any, hidden: Tensor, labels: Tensor, unknown: int) -> LossSum:
    """Cross-entropy of a carrier's language model head from hidden states [T, H]; in evaluation also accuracy.

    In the accuracy, a target that is the `unknown` token counts as wrong.
    """
    score, size = partial(logits_of, carrier), carrier.config.vocab_size
    if torch.is_grad_enabled():
        return LossSum(
            vocabulary_loss(score, hidden, labels, size, [p for p in carrier.parameters() if p.requires_grad])
        )
    total, correct = vocabulary_metrics(score, hidden, labels, size, unknown)
    return LossSum(total, {"accuracy": (correct, (labels >= 0).sum())})
