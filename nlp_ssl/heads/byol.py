"""Bootstrap your own latent: predict the averaged network's projection of the other view, without negatives.

Paper: Grill et al., BYOL, NeurIPS 2020, section 3. The projection of each view goes through a predictor and must equal
the projection of the other view by averaged copies of body and projection, which get no gradient. The loss of an
example is the squared distance of the vectors at unit length, 2 - 2 cos, summed over both directions (equation 2).

Differences: the decay of the average is constant, while the paper's rises to 1. Mean-pooled text replaces images;
the hidden layer of the predictor has a quarter of the projection's width.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.heads._views import VIEWS, Projection, ViewsHead, view_mean
from nlp_ssl.heads.base import Encode, LossSum, TargetTensors
from nlp_ssl.heads.queue import update_average
from nlp_ssl.objectives.mixture import Loss


class BYOL(ViewsHead):
    """Projection, its averaged copy, and predictor. None of them is saved."""

    name = "byol"

    def __init__(self, config: Any, body: Any, carrier: Any, loss: Loss, vocabulary: Vocabulary) -> None:
        super().__init__(config, body, carrier, loss, vocabulary)
        out = self.options.projection
        self.projection = Projection(self.width, self.width, out)
        self.averaged = deepcopy(self.projection).requires_grad_(False)
        self.predictor = Projection(out, predictor_width(out), out)
        self.momentum = self.options.momentum

    def vectors(self, loss: Loss, encode: Encode, targets: TargetTensors, generator: torch.Generator) -> Tensor:
        """Means of both views, by the body and by its averaged copy [B, 4, H]."""
        with torch.no_grad():
            averaged = [view_mean(encode, view, averaged=True) for view in VIEWS]
        return torch.cat([super().vectors(loss, encode, targets, generator), torch.stack(averaged, 1)], 1)

    def batch_loss(self, loss: Loss, vectors: Tensor, targets: TargetTensors) -> LossSum:
        """2 - 2 cos, summed over both directions and over examples."""
        valid = targets["valid"]
        first, second = (self.projection(vectors[:, view], valid) for view in (0, 1))
        with torch.no_grad():
            aim_first, aim_second = (self.averaged(vectors[:, view], valid) for view in (2, 3))
        cosines = cosine(self.predictor(first, valid), aim_second) + cosine(self.predictor(second, valid), aim_first)
        return self.reported(torch.where(valid, 4 - 2 * cosines, 0.0).sum(), torch.stack([first, second], 1), targets)

    def after_step(self) -> None:
        """Update the averaged projection."""
        update_average(self.averaged, self.projection, self.options.momentum)


def predictor_width(out: int) -> int:
    """Width of the predictor's hidden layer: a quarter of the projection's."""
    return max(1, out // 4)


def cosine(predicted: Tensor, aim: Tensor) -> Tensor:
    """Cosine of each row of `predicted` and of `aim`, both [N, D], without a gradient for `aim`. [N]."""
    return nn.functional.cosine_similarity(predicted, aim.detach(), dim=-1)
