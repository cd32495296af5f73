"""Contrastive learning with the NT-Xent loss (Chen et al. 2020, section 2.1).

A view is represented by the mean of its token vectors, projected by a two-layer MLP and normalised to unit length. Each
view must identify its counterpart among all views in the batch. Other views of the same document are excluded. The loss
of an example is the mean over its two views.

Evaluation reports accuracy, chance accuracy, alignment and uniformity (Wang and Isola, ICML 2020), and `spread`: the
mean standard deviation per dimension times the square root of the number of dimensions (1 if vectors are uniform on the
sphere, 0 if they have collapsed).
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
    """A projection MLP on the mean-pooled body output. It is not saved."""

    name = "contrastive"
    reduction = "batch"

    def __init__(self, config: Any, body: Any, carrier: Any, loss: Loss, vocabulary: Vocabulary) -> None:
        super().__init__(config, body, carrier, loss, vocabulary)
        objective = loss.objective
        assert isinstance(objective, Contrastive)
        width = config.hidden_size
        self.projection = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, objective.projection))

    def vectors(self, loss: Loss, encode: Encode, targets: TargetTensors, generator: torch.Generator) -> Tensor:
        """Unit-length projections of both views [B, 2, D], float32."""
        means = [mean_pooled(encode(view).last_hidden_state, encode.attention_mask(view)) for view in ("main", "other")]
        projected = self.projection(torch.stack(means, 1))
        return nn.functional.normalize(projected.float(), dim=-1)

    def batch_loss(self, loss: Loss, vectors: Tensor, targets: TargetTensors) -> LossSum:
        """NT-Xent summed over examples; the loss of an example is the mean over its two views."""
        objective = loss.objective
        assert isinstance(objective, Contrastive)
        rows, valid = len(vectors), targets["valid"].repeat(2)
        views = vectors.transpose(0, 1).flatten(0, 1)  # [2N, D]: all first views, then all second views
        group = targets["group"].repeat(2)
        place = torch.arange(2 * rows, device=views.device)
        other = (place + rows) % (2 * rows)  # [2N]: index of each view's counterpart
        excluded = (group[:, None] == group) | ~valid  # same document (including itself), or padding
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
    """Accuracy and measures of collapse, each as (sum, count)."""
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
