"""Shared code of the heads that compare two views of each example.

A view is represented by the mean of its token vectors. Projections with batch normalisation run in `batch_loss`, over
the whole batch, so that their statistics do not depend on how a batch is divided. Padding has no part in them. They are
those of the batch in evaluation too, because projections are dropped after pretraining.

Evaluation reports whether the vectors that a loss compares tell examples apart, and whether they have collapsed:

* `accuracy`: how often the nearest vector to a view, among the other views of the batch's examples, is its counterpart;
  `accuracy_by_chance` for a random one. Examples of the same document are excluded.
* `spread`: the mean standard deviation per dimension of the vectors at unit length, times the square root of the number
  of dimensions (Chen and He, SimSiam, CVPR 2021, section 4.1): 1 if they are uniform on the sphere, 0 if all are equal.
* `effective_rank`: exp of the entropy of the normalised singular values (Garrido et al., RankMe, ICML 2023): the number
  of dimensions in use.
* `alignment` and `uniformity` (Wang and Isola, ICML 2020, section 4.1).
* `mean_cosine` between views of different documents.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.heads.base import Encode, Head, LossSum, TargetTensors
from nlp_ssl.models.pooling import mean_pooled
from nlp_ssl.objectives._views import TwoViews
from nlp_ssl.objectives.mixture import Loss

VIEWS = ("main", "other")


class ViewsHead(Head):
    """Base of the heads for two views. By default, `vectors` are the means of both views [B, 2, H]."""

    reduction = "batch"

    def __init__(self, config: Any, body: Any, carrier: Any, loss: Loss, vocabulary: Vocabulary) -> None:
        super().__init__(config, body, carrier, loss, vocabulary)
        assert isinstance(loss.objective, TwoViews)
        self.options: Any = loss.objective
        self.width = config.hidden_size

    def vectors(self, loss: Loss, encode: Encode, targets: TargetTensors, generator: torch.Generator) -> Tensor:
        """Means of both views [B, 2, H]."""
        return torch.stack([view_mean(encode, view) for view in VIEWS], 1)

    def reported(self, total: Tensor, views: Tensor, targets: TargetTensors) -> LossSum:
        """The loss; in evaluation with the measures above of `views` [N, 2, D]."""
        return LossSum(total) if self.training else LossSum(total, collapse_report(views, targets))


def view_mean(encode: Encode, view: str, averaged: bool = False) -> Tensor:
    """The mean token vector of a view [B, H], from the body or from its averaged copy."""
    return mean_pooled(encode(view, averaged=averaged).last_hidden_state, encode.attention_mask(view))


class BatchNorm(nn.Module):
    """Batch normalisation (Ioffe and Szegedy 2015) with the statistics of the valid rows of the batch."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))

    def forward(self, rows: Tensor, valid: Tensor) -> Tensor:
        """[N, D], with `valid` [N] -> [N, D]; at padding the bias."""
        return standardised(rows, valid) * self.weight + self.bias


def standardised(rows: Tensor, valid: Tensor) -> Tensor:
    """`rows` [N, D] with mean 0 and variance 1 per dimension over the `valid` [N] rows; 0 at padding."""
    centred = centre(rows, valid)
    variance = centred.square().sum(0) / valid.sum().clamp(min=1)
    return centred * torch.rsqrt(variance + 1e-5)


def centre(rows: Tensor, valid: Tensor) -> Tensor:
    """`rows` [N, D] minus their mean over the `valid` [N] rows; 0 at padding."""
    inside = valid[:, None]
    return (rows - (rows * inside).sum(0) / inside.sum().clamp(min=1)) * inside


class Projection(nn.Module):
    """Linear, batch normalisation, ReLU, linear."""

    def __init__(self, width: int, hidden: int, out: int) -> None:
        super().__init__()
        self.hidden, self.norm, self.out = nn.Linear(width, hidden), BatchNorm(hidden), nn.Linear(hidden, out)

    def forward(self, rows: Tensor, valid: Tensor) -> Tensor:
        """[N, width], with `valid` [N] -> [N, out]."""
        projected: Tensor = self.out(torch.relu(self.norm(self.hidden(rows), valid)))
        return projected


def different_documents(targets: TargetTensors) -> Tensor:
    """Which views are of different documents and not padding: bool [2N, 2N], all first views before all second ones."""
    group, valid = targets["group"].repeat(2), targets["valid"].repeat(2)
    return (group[:, None] != group) & valid


def collapse_report(views: Tensor, targets: TargetTensors) -> dict[str, tuple[Tensor, Tensor]]:
    """The measures above, each as (sum, count), from the vectors of both views [N, 2, D]."""
    rows = nn.functional.normalize(views.float(), dim=-1).transpose(0, 1).flatten(0, 1)  # [2N, D]
    valid = targets["valid"].repeat(2)
    place = torch.arange(len(rows), device=rows.device)
    other = (place + len(rows) // 2) % len(rows)  # [2N]: index of each view's counterpart
    apart = different_documents(targets)
    half = place < len(rows) // 2
    choices = apart & (half[:, None] != half)
    choices[place, other] = True
    cosines = rows @ rows.T
    correct = (cosines.masked_fill(~choices, -torch.inf).argmax(-1) == other) & valid
    real, pairs = rows[valid], apart & valid[:, None]
    count, one, zero = valid.sum(), rows.new_ones(()), rows.new_zeros(())
    between = cosines[pairs]
    gaussian = (2 * between - 2).mul(2).exp()  # exp(-2 |a - b|²) of unit vectors
    some, several = bool(count), len(between) > 0
    return {
        "accuracy": (correct.sum(), count),
        "accuracy_by_chance": ((valid / choices.sum(-1).clamp(min=1)).sum(), count),
        "spread": (spread(real), one),
        "effective_rank": (_effective_rank(real) if some else zero, one),
        "alignment": ((real - rows[other[valid]]).square().sum(), count),
        "uniformity": (gaussian.mean().log() if several else zero, one),
        "mean_cosine": (between.mean() if several else zero, one),
    }


def spread(vectors: Tensor) -> Tensor:
    """The mean standard deviation per dimension of unit vectors [N, D], times the square root of D; 0 for none."""
    if not len(vectors):
        return vectors.new_zeros(())
    found: Tensor = vectors.std(0, correction=0).mean() * vectors.shape[1] ** 0.5
    return found


def _effective_rank(rows: Tensor) -> Tensor:
    """exp of the entropy of the singular values of `rows` [N, D], normalised to sum 1. A scalar from 1 to min(N, D)."""
    values = torch.linalg.svdvals(rows)
    entropy: Tensor = torch.special.entr(values / values.sum()).sum()
    return entropy.exp()
