"""Momentum contrast: contrastive learning with a queue of negatives (He et al., MoCo, CVPR 2020, section 3).

The query is the projection of the first view. The key is that of the second view by averaged copies of body and
projection. The query must identify its key among the keys of the latest batches. Keys of the same document are
excluded. The projection is an MLP (Chen et al., MoCo v2, 2020).

At the start the queue holds random unit vectors. It is in checkpoints. Validation documents are compared with all keys
in the queue, which are of training documents.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.heads._views import ViewsHead, view_mean
from nlp_ssl.heads.base import Encode, LossSum, TargetTensors
from nlp_ssl.objectives.mixture import Loss

NO_DOCUMENT = -1


class Queue(ViewsHead):
    """A projection MLP, its averaged copy, and a queue of keys. None of them is saved."""

    name = "queue"

    def __init__(self, config: Any, body: Any, carrier: Any, loss: Loss, vocabulary: Vocabulary) -> None:
        super().__init__(config, body, carrier, loss, vocabulary)
        width, size, out = self.width, self.options.queue, self.options.projection
        self.projection = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, out))
        self.averaged = deepcopy(self.projection).requires_grad_(False)
        self.momentum = self.options.momentum
        self.queue: Tensor
        self.document: Tensor
        self.register_buffer("queue", nn.functional.normalize(torch.randn(size, out), dim=-1))
        self.register_buffer("document", torch.full((size,), NO_DOCUMENT))
        self._latest: tuple[Tensor, Tensor, Tensor] | None = None  # keys, documents, validity

    def vectors(self, loss: Loss, encode: Encode, targets: TargetTensors, generator: torch.Generator) -> Tensor:
        """Query and key, of unit length [B, 2, D], float32. Only the query has a gradient."""
        query = self.projection(view_mean(encode, "main"))
        with torch.no_grad():
            key = self.averaged(view_mean(encode, "other", averaged=True))
        return nn.functional.normalize(torch.stack([query, key], 1).float(), dim=-1)

    def batch_loss(self, loss: Loss, vectors: Tensor, targets: TargetTensors) -> LossSum:
        """Cross-entropy of each query's key among it and the queue, summed over examples."""
        query, key = vectors[:, 0], vectors[:, 1].detach()
        own, others = (query * key).sum(-1, keepdim=True), query @ self.queue.T  # [N, 1], [N, Q]
        if torch.is_grad_enabled():  # numbers of validation documents stand for other documents than in train
            others = others.masked_fill(targets["group"][:, None] == self.document, -torch.inf)
            self._latest = key, targets["group"], targets["valid"]
        scores = torch.cat([own, others], 1) / self.options.temperature
        losses = -torch.log_softmax(scores, -1)[:, 0]
        return self.reported(torch.where(targets["valid"], losses, 0.0).sum(), vectors, targets)

    def after_step(self) -> None:
        """Update the averaged projection and put the latest keys into the queue, in place of the oldest."""
        update_average(self.averaged, self.projection, self.options.momentum)
        if self._latest is None:
            return
        key, document, valid = self._latest
        real, at = torch.argsort(~valid, stable=True), torch.arange(len(self.queue), device=key.device)
        source = torch.where(at < valid.sum(), at, at - valid.sum() + len(key))  # without waiting for the device
        self.queue.copy_(torch.cat([key[real], self.queue])[source])
        self.document.copy_(torch.cat([document[real], self.document])[source])
        self._latest = None


def update_average(averaged: nn.Module, module: nn.Module, momentum: float) -> None:
    """Move averaged weights towards those of a module."""
    for mean, own in zip(averaged.parameters(), module.parameters(), strict=True):
        mean.lerp_(own, 1 - momentum)
