"""Contrastive predictive coding with the InfoNCE loss (van den Oord et al. 2018, section 2.3).

A sequence is represented by the mean of its token vectors. For each distance, a projection of the context must identify
the sentence at that distance among the sentences of the batch at all distances. Other sentences of the same document
are excluded. The loss of an example is the mean over its distances.

Evaluation reports accuracy, also for each distance, chance accuracy, and the `spread` of the sentence vectors
(`nlp_ssl.heads._views`).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.heads._views import spread
from nlp_ssl.heads.base import Encode, Head, LossSum, TargetTensors
from nlp_ssl.models.pooling import mean_pooled
from nlp_ssl.objectives.cpc import ContrastivePredictiveCoding
from nlp_ssl.objectives.mixture import Loss


class FutureSentences(Head):
    """A projection of the context for each distance. They are not saved."""

    name = "future_sentences"
    reduction = "batch"

    def __init__(self, config: Any, body: Any, carrier: Any, loss: Loss, vocabulary: Vocabulary) -> None:
        super().__init__(config, body, carrier, loss, vocabulary)
        objective = loss.objective
        assert isinstance(objective, ContrastivePredictiveCoding)
        self.distances, width = objective.distances, config.hidden_size
        self.projections = nn.Linear(width, self.distances * width, bias=False)

    def vectors(self, loss: Loss, encode: Encode, targets: TargetTensors, generator: torch.Generator) -> Tensor:
        """Predictions for the K distances, then the vectors of their sentences: [B, 2K, H], float32."""
        names = ["main", *(f"next {distance}" for distance in range(1, self.distances + 1))]
        context, *sentences = (
            mean_pooled(encode(view).last_hidden_state, encode.attention_mask(view)) for view in names
        )
        predicted = self.projections(context).unflatten(1, (self.distances, -1))
        return torch.cat([predicted.float(), torch.stack(sentences, 1).float()], 1)

    def batch_loss(self, loss: Loss, vectors: Tensor, targets: TargetTensors) -> LossSum:
        """InfoNCE summed over examples; the loss of an example is the mean over its distances."""
        rows, distances = len(vectors), self.distances
        valid, group = targets["valid"], targets["group"]
        predicted, sentences = (part.flatten(0, 1) for part in vectors.chunk(2, 1))  # [N * K, H] each
        scores = predicted @ sentences.T / vectors.shape[-1] ** 0.5  # [N * K, N * K]
        own = torch.arange(rows * distances, device=vectors.device)
        excluded = (group[:, None] == group) | ~valid  # [N, N] same document, or padding
        excluded = excluded.repeat_interleave(distances, 0).repeat_interleave(distances, 1)
        excluded.fill_diagonal_(False)
        scores = scores.masked_fill(excluded, -torch.inf)
        losses = nn.functional.cross_entropy(scores, own, reduction="none").view(rows, distances)
        total = torch.where(valid, losses.mean(1), 0.0).sum()
        if torch.is_grad_enabled():
            return LossSum(total)
        count = valid.sum()
        right = (scores.argmax(-1) == own).view(rows, distances)[valid].float()  # [valid, K]
        chance = 1 / (~excluded).sum(-1).view(rows, distances)[valid]
        metrics = {"accuracy": (right.mean(1).sum(), count), "accuracy_by_chance": (chance.mean(1).sum(), count)}
        metrics |= {f"accuracy_at_{k + 1}": (right[:, k].sum(), count) for k in range(distances)}
        real = nn.functional.normalize(sentences.view(rows, distances, -1)[valid].flatten(0, 1), dim=-1)
        return LossSum(total, metrics | {"spread": (spread(real), torch.ones_like(total))})
