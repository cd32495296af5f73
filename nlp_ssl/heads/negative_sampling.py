"""Negative sampling (Mikolov et al., NeurIPS 2013, section 2.2).

All words of a sequence share their negative samples, which are weighted (Ji et al. 2019).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nlp_ssl.heads.base import Encode, Head, LossSum, TargetTensors
from nlp_ssl.models.static import AutoModelForNegativeSampling
from nlp_ssl.objectives._windows import Windows
from nlp_ssl.objectives.mixture import Loss


class NegativeSampling(Head):
    """The context (output) vectors of word2vec."""

    name = "negative_sampling"
    auto_class = AutoModelForNegativeSampling
    costs_per_row = True

    def loss(self, loss: Loss, encode: Encode, targets: TargetTensors, generator: torch.Generator) -> LossSum:
        """Logistic loss, always in float32. In evaluation also accuracy: the positive word scores highest."""
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
    """Skip-gram (`counts_pairs`) or CBOW loss with shared negative samples.

    Args:
        ids: Word ids, int64 [B, L].
        vectors: Input vectors of the words, float32 [B, L, H].
        contexts: Output vectors of the vocabulary.
        windows: Number of context words to the left and right of each word, int64 [2, B, L].
        negatives: Word ids of the negative samples of each sequence, int64 [B, K]. A negative that equals the target
            word is ignored.
        weight: Weight of each negative sample.
        counts_pairs: Predict each context word from the word (skip-gram). Otherwise predict the word from the mean of
            its context (CBOW).

    Returns:
        The loss summed over targets; the number of targets that score at least as high as all negatives of their
        sequence (0 in training); the number of targets. All float32 scalars.
    """
    left, right = windows
    place = torch.arange(ids.shape[1], device=ids.device)
    offset = place - place[:, None]  # [L, L]: position j minus position i
    inside = (offset >= -left[..., None]) & (offset <= right[..., None]) & (offset != 0)
    context = inside.float()  # [B, L, L]: 1 if j is in the window of i
    others = (ids[..., None] != negatives[:, None]).float()  # [B, L, K]: 0 if the negative is the word itself
    # One look-up for both: the gradient of each look-up has the size of the whole table.
    real, drawn = contexts(torch.cat([ids, negatives], 1)).tensor_split([ids.shape[1]], 1)  # [B, L, H], [B, K, H]
    if counts_pairs:
        score, targets = vectors @ real.mT, context.mT  # [B, L, L] each: input word, target word
        against, weights = vectors @ drawn.mT, context.mT @ others  # [B, L, K] each: summed over target words
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
