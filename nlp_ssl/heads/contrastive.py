"""Contrastive learning: each row's other view among those of the batch (Chen et al. 2020, section 2.1: NT-Xent).

A view's vector is the mean of its tokens, projected by two layers and normalised. Each view looks for its other one
among all views of the batch but those of its own document; the loss of a row is the mean of both directions.

In evaluation a report on collapse: the standard deviation of the vectors in each dimension times the root of their
number (1 where they spread evenly over a sphere, 0 where they collapse), alignment and uniformity (Wang and Isola, ICML
2020), and the accuracy of finding the other view beside that of chance.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.heads.base import Encode, Head, LossSum, TargetTensors
from nlp_ssl.models.pooling import mean_pooled
from nlp_ssl.objectives.contrastive import Contrastive
from nlp_ssl.objectives.mixture import Loss


class ContrastiveHead(Head):
    """A projection of the mean of a text's vectors. It is not saved."""

    name = "contrastive"
    reduction = "batch"

    def __init__(self, config: Any, body: Any, carrier: Any, loss: Loss, vocabulary: Vocabulary) -> None:
        super().__init__(config, body, carrier, loss, vocabulary)
        objective = loss.objective
        assert isinstance(objective, Contrastive)
        width = config.hidden_size
        self.projection = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, objective.projection))

    def vectors(self, loss: Loss, encode: Encode, targets: TargetTensors, generator: torch.Generator) -> Tensor:
        """The projected vectors of both views, of length 1 [B, 2, D]."""
        means = [mean_pooled(encode(view).last_hidden_state, encode.attention_mask(view)) for view in ("main", "other")]
        projected = self.projection(torch.stack(means, 1))
        return nn.functional.normalize(projected.float(), dim=-1)

    def batch_loss(self, loss: Loss, vectors: Tensor, targets: TargetTensors) -> LossSum:
        """NT-Xent over all rows, summed over rows, each the mean of its two directions."""
        objective = loss.objective
        assert isinstance(objective, Contrastive)
        rows, valid = len(vectors), targets["valid"].repeat(2)
        views = vectors.transpose(0, 1).flatten(0, 1)  # [2N, D] all first views, then all second ones
        group = targets["group"].repeat(2)
        place = torch.arange(2 * rows, device=views.device)
        other = (place + rows) % (2 * rows)  # [2N] where each one's other view is
        excluded = (group[:, None] == group) | ~valid  # of one document, itself included; padding
        excluded[place, other] = False
        scores = (views @ views.T / objective.temperature).masked_fill(excluded, -torch.inf)
        losses = nn.functional.cross_entropy(scores, other, reduction="none")
        total = torch.where(valid, losses, 0.0).sum() / 2
        if torch.is_grad_enabled():
            return LossSum(total)
        return LossSum(total, _metrics(views, scores, other, valid, excluded))


def _metrics(
    views: Tensor, scores: Tensor, other: Tensor, valid: Tensor, excluded: Tensor
) -> dict[str, tuple[Tensor, Tensor]]:
    """Accuracy and the report on collapse, each as (sum, count)."""
    count = valid.sum()
    real, pairs = views[valid], (views[valid] - views[other[valid]]).pow(2).sum(-1)
    spread = real.std(0, correction=0).mean() * real.shape[1] ** 0.5 if len(real) else count.float()
    distances = torch.cdist(views, views).pow(2)[~excluded & valid[:, None]]
    one = torch.ones_like(spread)
    return {
        "accuracy": (((scores.argmax(-1) == other) & valid).sum(), count),
        "accuracy_by_chance": ((valid / (~excluded).sum(-1).clamp(min=1)).sum(), count),
        "spread": (spread, one),
        "alignment": (pairs.sum(), count),
        "uniformity": (distances.mul(-2).exp().mean().log() if len(distances) else torch.zeros_like(one), one),
    }
