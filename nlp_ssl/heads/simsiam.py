"""Simple Siamese learning: predict the projection of the other view, which gets no gradient.

Paper: Chen and He, SimSiam, CVPR 2021, section 3. The loss of an example is the negative cosine, averaged over both
directions (equation 2): from 1 down to -1. Without stopping the gradient, equal vectors for all texts would solve it.

Differences: Mean-pooled text replaces images. The projection has two layers, and no normalisation at its output, which
the paper finds to help little (section 4.4). The predictor's hidden layer has a quarter of the projection's width, as
in the paper.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.heads._views import Projection, ViewsHead
from nlp_ssl.heads.base import LossSum, TargetTensors
from nlp_ssl.heads.byol import cosine, predictor_width
from nlp_ssl.objectives.mixture import Loss


class SimSiam(ViewsHead):
    """Projection and predictor. Neither is saved."""

    name = "simsiam"

    def __init__(self, config: Any, body: Any, carrier: Any, loss: Loss, vocabulary: Vocabulary) -> None:
        super().__init__(config, body, carrier, loss, vocabulary)
        out = self.options.projection
        self.projection = Projection(self.width, self.width, out)
        self.predictor = Projection(out, predictor_width(out), out)

    def batch_loss(self, loss: Loss, vectors: Tensor, targets: TargetTensors) -> LossSum:
        """The negative cosine, averaged over both directions and summed over examples."""
        valid = targets["valid"]
        first, second = (self.projection(vectors[:, view], valid) for view in (0, 1))
        cosines = cosine(self.predictor(first, valid), second) + cosine(self.predictor(second, valid), first)
        return self.reported(torch.where(valid, -cosines / 2, 0.0).sum(), torch.stack([first, second], 1), targets)
