"""Contrastive learning with the NT-Xent loss (Chen et al., SimCLR, ICML 2020, section 2.1).

A view is represented by the mean of its token vectors, projected by a two-layer MLP and normalised to unit length. Each
view must identify its counterpart among all views in the batch. Other views of the same document are excluded. The loss
of an example is the mean over its two views.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.heads._views import ViewsHead, different_documents
from nlp_ssl.heads.base import Encode, LossSum, TargetTensors
from nlp_ssl.objectives.mixture import Loss


class NTXent(ViewsHead):
    """A projection MLP on the mean-pooled body output. It is not saved."""

    name = "nt_xent"

    def __init__(self, config: Any, body: Any, carrier: Any, loss: Loss, vocabulary: Vocabulary) -> None:
        super().__init__(config, body, carrier, loss, vocabulary)
        width = self.width
        self.projection = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, self.options.projection))

    def vectors(self, loss: Loss, encode: Encode, targets: TargetTensors, generator: torch.Generator) -> Tensor:
        """Unit-length projections of both views [B, 2, D], float32."""
        projected = self.projection(super().vectors(loss, encode, targets, generator))
        return nn.functional.normalize(projected.float(), dim=-1)

    def batch_loss(self, loss: Loss, vectors: Tensor, targets: TargetTensors) -> LossSum:
        """NT-Xent summed over examples; the loss of an example is the mean over its two views."""
        rows, valid = len(vectors), targets["valid"].repeat(2)
        views = vectors.transpose(0, 1).flatten(0, 1)  # [2N, D]: all first views, then all second views
        place = torch.arange(2 * rows, device=views.device)
        other = (place + rows) % (2 * rows)  # [2N]: index of each view's counterpart
        excluded = (~different_documents(targets)).scatter(1, other[:, None], False)
        scores = (views @ views.T / self.options.temperature).masked_fill(excluded, -torch.inf)
        losses = nn.functional.cross_entropy(scores, other, reduction="none")
        return self.reported(torch.where(valid, losses, 0.0).sum() / 2, vectors, targets)
