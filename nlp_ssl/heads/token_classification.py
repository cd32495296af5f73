"""Token classification: predict a class at each target position."""

from __future__ import annotations

import torch
from torch import nn
from transformers import AutoModelForTokenClassification

from nlp_ssl.heads.base import Encode, Head, LossSum, TargetTensors
from nlp_ssl.models.parts import logits_of
from nlp_ssl.objectives.mixture import Loss


class TokenClassification(Head):
    """The token classification head of transformers for the architecture: a linear layer on each hidden state."""

    name = "token_classification"
    auto_class = AutoModelForTokenClassification

    @classmethod
    def carrier_key(cls, name: str) -> str:
        """Each loss has its own carrier, as its classes are its own."""
        return name

    def loss(self, loss: Loss, encode: Encode, targets: TargetTensors, generator: torch.Generator) -> LossSum:
        """Cross-entropy over the targets [T]; in evaluation also accuracy."""
        labels = targets["labels"]  # [T]
        hidden = encode().last_hidden_state.flatten(0, 1)[targets["positions"]]  # [B * L, H] -> [T, H]
        logits = logits_of(self.carrier, hidden).float()  # [T, classes]
        total = nn.functional.cross_entropy(logits, labels, reduction="sum")
        if torch.is_grad_enabled():
            return LossSum(total)
        return LossSum(total, {"accuracy": ((logits.argmax(-1) == labels).sum(), (labels >= 0).sum())})
