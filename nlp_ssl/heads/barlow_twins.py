"""Redundancy reduction: the two views agree in each dimension, and different dimensions are uncorrelated.

Paper: Zbontar et al., Barlow Twins, ICML 2021, section 2.1, equations 1 and 2. The cross-correlation of both views over
the batch must be the identity matrix. The loss of the batch counts once for each example.

Differences: Mean-pooled text replaces images. The projection has two layers instead of three.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.heads._views import Projection, ViewsHead, standardised
from nlp_ssl.heads.base import LossSum, TargetTensors
from nlp_ssl.objectives.mixture import Loss


class BarlowTwins(ViewsHead):
    """A projection, which is not saved."""

    name = "barlow_twins"

    def __init__(self, config: Any, body: Any, carrier: Any, loss: Loss, vocabulary: Vocabulary) -> None:
        super().__init__(config, body, carrier, loss, vocabulary)
        self.projection = Projection(self.width, self.width, self.options.projection)

    def batch_loss(self, loss: Loss, vectors: Tensor, targets: TargetTensors) -> LossSum:
        """The loss of the batch times the number of its examples."""
        valid = targets["valid"]
        first, second = (self.projection(vectors[:, view], valid) for view in (0, 1))
        total = correlation_loss(first, second, valid, self.options.redundancy) * valid.sum()
        return self.reported(total, torch.stack([first, second], 1), targets)


def correlation_loss(first: Tensor, second: Tensor, valid: Tensor, redundancy: float) -> Tensor:
    """Distance of the cross-correlation of `first` and `second` [N, D] from the identity, over the `valid` [N] rows.

    `redundancy` weights the squares off the diagonal. A scalar.
    """
    correlation = standardised(first, valid).T @ standardised(second, valid) / valid.sum().clamp(min=1)  # [D, D]
    own = torch.diagonal(correlation)
    between = correlation.square().sum() - own.square().sum()
    return (1 - own).square().sum() + redundancy * between
