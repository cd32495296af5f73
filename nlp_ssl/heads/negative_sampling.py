"""Negative sampling: words told from others by their contexts (Mikolov et al. 2013, NeurIPS, section 2.2).

A target's negatives are shared by the words of a row (Ji et al. 2019), each with a weight.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nlp_ssl.heads.base import Encode, Head, LossSum, TargetTensors
from nlp_ssl.models.static import AutoModelForNegativeSampling
from nlp_ssl.objectives._windows import Windows
from nlp_ssl.objectives.mixture import Loss


class NegativeSampling(Head):
    """The table of context vectors that static vectors are trained against."""

    name = "negative_sampling"
    auto_class = AutoModelForNegativeSampling
    costs_per_row = True

    def loss(self, loss: Loss, encode: Encode, targets: TargetTensors, generator: torch.Generator) -> LossSum:
        """The logistic loss in float32, whatever the precision; in evaluation, how often the real word scores best."""
        objective = loss.objective
        assert isinstance(objective, Windows)
        vectors: Tensor = encode().last_hidden_state
        with torch.autocast(vectors.device.type, enabled=False):
            total, correct, count = negative_sampling(
                encode.views["main"]["input_ids"],
                vectors.float(),
                self.carrier.contexts,
                targets["windows"],
                targets["negatives"][:, : objective.shared],
                objective.negative / objective.shared,
                objective.counts_pairs,
            )
        return LossSum(total) if torch.is_grad_enabled() else LossSum(total, {"accuracy": (correct, count)})


def negative_sampling(
    ids: Tensor,
    vectors: Tensor,
    contexts: nn.Embedding,
    windows: Tensor,
    negatives: Tensor,
    weight: float,
    counts_pairs: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """The logistic loss summed over the targets, in evaluation the targets that score no less than all negatives of
    their row (else 0), and the number of targets; float32.

    `ids` [B, L]; `vectors` [B, L, H] theirs; `windows` [2, B, L], how many words to the left and right are a word's
    context; `negatives` [B, K], each of which counts `weight`, except where it is the word itself. With `counts_pairs`
    each word of a window is told by the word's vector (skip-gram), else the word by the mean of its window (CBOW).
    """
    left, right = windows
    place = torch.arange(ids.shape[1], device=ids.device)
    offset = place - place[:, None]  # [L, L]: how far to the right of the first is the second
    inside = (offset >= -left[..., None]) & (offset <= right[..., None]) & (offset != 0)
    context = inside.float()  # [B, L, L]: is the second in the window of the first?
    others = (ids[..., None] != negatives[:, None]).float()  # [B, L, K]: is the negative another word?
    # Looked up together, as each look-up has a gradient of the whole table's size.
    real, drawn = contexts(torch.cat([ids, negatives], 1)).tensor_split([ids.shape[1]], 1)  # [B, L, H], [B, K, H]
    if counts_pairs:
        score, targets = vectors @ real.mT, context.mT  # [B, L, L]: of the vectors of the first, words of the second
        against, weights = vectors @ drawn.mT, context.mT @ others  # [B, L, K] each: over the words it is a context of
    else:
        size = (left + right)[..., None]  # [B, L, 1]
        mean = context @ vectors / size.clamp(min=1)
        score, targets = (mean * real).sum(-1, keepdim=True), (size > 0).float()  # [B, L, 1] each
        against, weights = mean @ drawn.mT, others * targets  # [B, L, K] each
    softplus = nn.functional.softplus
    loss = (softplus(-score) * targets).sum() + weight * (softplus(against) * weights).sum()
    if torch.is_grad_enabled():
        return loss, loss.new_zeros(()), targets.sum()
    correct = ((score >= against.amax(-1, keepdim=True)) * targets).sum()
    return loss, correct, targets.sum()
