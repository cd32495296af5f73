"""Variance, invariance and covariance: views agree, dimensions vary and are uncorrelated.

Paper: Bardes et al., VICReg, ICLR 2022, section 4.1, equations 1 to 6. The loss of the batch counts once for each
example.

Differences: Mean-pooled text replaces images. The projection has two layers instead of three. As in the paper's code,
the squared distance is a mean over dimensions, and the variance term a mean over both views.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.heads._views import Projection, ViewsHead, centre
from nlp_ssl.heads.base import LossSum, TargetTensors
from nlp_ssl.objectives.mixture import Loss

EPSILON = 1e-4
"""Added to variances (section 4.1)."""


class VICReg(ViewsHead):
    """A projection, which is not saved."""

    name = "vicreg"

    def __init__(self, config: Any, body: Any, carrier: Any, loss: Loss, vocabulary: Vocabulary) -> None:
        super().__init__(config, body, carrier, loss, vocabulary)
        self.projection = Projection(self.width, self.width, self.options.projection)

    def batch_loss(self, loss: Loss, vectors: Tensor, targets: TargetTensors) -> LossSum:
        """The loss of the batch times the number of its examples."""
        valid, options = targets["valid"], self.options
        first, second = views = [self.projection(vectors[:, view], valid) for view in (0, 1)]
        of_batch = (
            options.invariance * distance(first, second, valid)
            + options.variance * sum(missing_variance(view, valid) for view in views) / 2
            + options.covariance * sum(covariance(view, valid) for view in views)
        )
        return self.reported(of_batch * valid.sum(), torch.stack(views, 1), targets)


def distance(first: Tensor, second: Tensor, valid: Tensor) -> Tensor:
    """Mean squared difference of `first` and `second` [N, D] over dimensions and the `valid` [N] rows. A scalar."""
    return ((first - second) * valid[:, None]).square().mean(1).sum() / valid.sum().clamp(min=1)


def missing_variance(rows: Tensor, valid: Tensor) -> Tensor:
    """By how much the standard deviation of `rows` [N, D] is below 1, averaged over dimensions. A scalar."""
    variance = centre(rows, valid).square().sum(0) / (valid.sum() - 1).clamp(min=1)
    return torch.relu(1 - torch.sqrt(variance + EPSILON)).mean()


def covariance(rows: Tensor, valid: Tensor) -> Tensor:
    """The squared covariances of different dimensions of `rows` [N, D], summed and divided by D. A scalar."""
    centred = centre(rows, valid)
    matrix = centred.T @ centred / (valid.sum() - 1).clamp(min=1)  # [D, D]
    return (matrix.square().sum() - torch.diagonal(matrix).square().sum()) / rows.shape[1]
