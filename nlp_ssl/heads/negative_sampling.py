"""Negative sampling (Mikolov et al., NeurIPS 2013, section 2.2).

The words of a sequence take their negative samples in turn from those of the sequence. On a CPU with numba, training
runs compiled loops (`nlp_ssl.models.compiled`) instead of matrix products.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.heads.base import Encode, Head, LossSum, TargetTensors
from nlp_ssl.models.static import AutoModelForNegativeSampling
from nlp_ssl.objectives._windows import Windows
from nlp_ssl.objectives.mixture import Loss
from nlp_ssl.runtime import full_precision


class NegativeSampling(Head):
    """The context (output) vectors of word2vec."""

    name = "negative_sampling"
    auto_class = AutoModelForNegativeSampling
    costs_per_row = True

    def __init__(self, config: Any, body: Any, carrier: Any, loss: Loss, vocabulary: Vocabulary) -> None:
        super().__init__(config, body, carrier, loss, vocabulary)
        self.inputs: nn.Embedding = body.get_input_embeddings()  # shared
        self.compiled = find_spec("numba") is not None

    def loss(self, loss: Loss, encode: Encode, targets: TargetTensors, generator: torch.Generator) -> LossSum:
        """Logistic loss, always in float32. In evaluation also accuracy: the positive word scores highest."""
        objective = loss.objective
        assert isinstance(objective, Windows)
        ids, contexts = encode.views["main"]["input_ids"], self.carrier.contexts
        windows, negatives = targets["windows"], targets["negatives"][:, : objective.shared]
        if self.compiled and torch.is_grad_enabled() and ids.device.type == "cpu" and not torch.compiler.is_compiling():
            arrays = ids, windows, negatives, self.inputs.weight, contexts.weight
            compiled: Any = CompiledNegativeSampling.apply
            return LossSum(compiled(*arrays, objective.negative, objective.counts_pairs))
        vectors: Tensor = encode().last_hidden_state
        with full_precision(vectors):
            total, correct, count = negative_sampling(
                ids, vectors.float(), contexts, windows, negatives, objective.negative, objective.counts_pairs
            )
        return LossSum(total) if torch.is_grad_enabled() else LossSum(total, {"accuracy": (correct, count)})


class CompiledNegativeSampling(torch.autograd.Function):
    """Negative-sampling loss, float32 scalar. The gradients of both tables are sparse in a run of one process.

    `ids` [B, L], `windows` [2, B, L], `negatives` [B, K], `vectors` and `contexts` [V, H], `each` and `counts_pairs` as
    in `negative_sampling`.
    """

    @staticmethod
    def forward(
        ctx: Any,
        ids: Tensor,
        windows: Tensor,
        negatives: Tensor,
        vectors: Tensor,
        contexts: Tensor,
        each: int,
        counts_pairs: bool,
    ) -> Tensor:
        """Compute the loss and, at the same time, its gradients."""
        from nlp_ssl.models.compiled import loss_and_gradients

        arrays = [tensor.detach().numpy() for tensor in (ids, windows, negatives, vectors, contexts)]
        loss, *ctx.gradients = loss_and_gradients(*arrays, each, counts_pairs)
        ctx.shape = vectors.shape
        return vectors.new_tensor(loss)

    @staticmethod
    def backward(ctx: Any, scale: Tensor) -> tuple[Tensor | None, ...]:
        """Sparse gradients of `vectors` and `contexts`."""
        rows, of_vectors, context_rows, of_contexts = map(torch.from_numpy, ctx.gradients)
        pairs = (rows, of_vectors), (context_rows, of_contexts)
        gradients = [
            torch.sparse_coo_tensor(at[None], values * scale, ctx.shape, check_invariants=False) for at, values in pairs
        ]
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            gradients = [gradient.to_dense() for gradient in gradients]  # as DDP sums them
        return None, None, None, *gradients, None, None


def negative_sampling(
    ids: Tensor,
    vectors: Tensor,
    contexts: nn.Embedding,
    windows: Tensor,
    negatives: Tensor,
    each: int,
    counts_pairs: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Skip-gram (`counts_pairs`) or CBOW loss with negative samples that words take in turn.

    Args:
        ids: Word ids, int64 [B, L].
        vectors: Input vectors of the words, float32 [B, L, H].
        contexts: Output vectors of the vocabulary.
        windows: Number of context words to the left and right of each word, int64 [2, B, L].
        negatives: Word ids of the negative samples of each sequence, int64 [B, K]. A negative that equals the target
            word is ignored.
        each: Number of negatives of a target word: word i has `negatives[:, (i * each + n) % K]` for n below `each`.
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
    turn = (torch.arange(negatives.shape[1], device=ids.device) - place[:, None] * each) % negatives.shape[1]  # [L, K]
    times = (each - 1 - turn).div(negatives.shape[1], rounding_mode="floor") + 1  # how often word i has negative k
    others = (ids[..., None] != negatives[:, None]) * times.float()  # [B, L, K]: 0 if the negative is the word itself
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
    loss = (softplus(-score) * targets).sum() + (softplus(against) * weights).sum()
    if torch.is_grad_enabled():
        return loss, loss.new_zeros(()), targets.sum()
    correct = ((score >= against.amax(-1, keepdim=True)) * targets).sum()
    return loss, correct, targets.sum()
