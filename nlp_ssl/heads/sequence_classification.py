"""Sequence classification: predict a class per sequence."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import AutoModelForSequenceClassification

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.heads.base import Encode, Head, LossSum, TargetTensors
from nlp_ssl.objectives.mixture import Loss

TOP = 5
"""Number of predictions considered by the metric `among_five` (top-5 accuracy)."""


class SequenceClassification(Head):
    """The sequence classification head of transformers for the architecture."""

    name = "sequence_classification"
    auto_class = AutoModelForSequenceClassification
    uses_pooler = True

    @classmethod
    def carrier_key(cls, name: str) -> str:
        """Each loss has its own carrier, as its classes are its own."""
        return name

    @classmethod
    def configure(cls, config: Any, loss: Loss, vocabulary: Vocabulary) -> Any:
        """The body's config with the names of the classes and the objective's pooling."""
        config = super().configure(config, loss, vocabulary)
        if hasattr(config, "classifier_pooling"):
            config.classifier_pooling = loss.objective.pooling
        return config

    def loss(self, loss: Loss, encode: Encode, targets: TargetTensors, generator: torch.Generator) -> LossSum:
        """Cross-entropy. In evaluation also accuracy, and top-5 accuracy if there are more than five classes."""
        labels = targets["labels"]  # [B]
        logits = self.carrier(inputs_embeds=encode(), attention_mask=encode.attention_mask()).logits  # [B, classes]
        total = nn.functional.cross_entropy(logits.float(), labels, reduction="sum")
        if torch.is_grad_enabled():
            return LossSum(total)
        best = logits.topk(min(TOP, logits.shape[-1])).indices == labels[:, None]
        count = (labels >= 0).sum()
        metrics = {"accuracy": (best[:, 0].sum().float(), count)}
        if logits.shape[-1] > TOP:
            metrics["among_five"] = (best.sum().float(), count)
        return LossSum(total, metrics)
