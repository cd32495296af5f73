"""Accuracy of restoring the order of permuted sentences."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.heads.metrics import ExtraMetrics, ModelLike
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.targets import NO_LABEL, SequenceTargets


def orders_recovered(
    model: ModelLike, name: str, batch: Batch, inputs: dict[str, Any], vocabulary: Vocabulary
) -> Tensor:
    """The share of sequences whose sentence order the model restores, and the share expected by chance.

    With teacher forcing, the model must choose the next sentence correctly at the start of every sentence: among the
    first tokens of the remaining sentences, that of the correct one must have the highest logit. Sentences with the
    same first token count as equal. Chance selects a remaining sentence uniformly. Sequences of one sentence are
    ignored.

    Returns sums and counts, float64 [2, 2].
    """
    targets = batch.targets[name]
    assert isinstance(targets, SequenceTargets)
    text = targets.tokens  # [B, T]
    # Sentence numbers are permuted with their tokens. Sorted, they give the sentences' positions in the original text.
    number = np.sort(np.where(batch.sentence < 0, np.iinfo(np.int16).max, batch.sentence), axis=1)[:, : text.shape[1]]
    inside = np.arange(number.shape[1]) < np.count_nonzero(batch.sentence >= 0, axis=1)[:, None]
    begins = inside & (np.diff(number, axis=1, prepend=-1) != 0) & (text[:, : number.shape[1]] != NO_LABEL)
    begins[np.count_nonzero(begins, axis=1) < 2] = False
    row, column = np.nonzero(begins)  # [S]
    if not len(row):
        return torch.zeros(2, 2, dtype=torch.float64)
    rows, count = np.unique(row, return_counts=True)  # [R]
    nth = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)  # [S]: index of the sentence in its sequence
    of_row = np.repeat(np.arange(len(rows)), count)
    first = np.zeros((len(rows), count.max()), np.int64)  # [R, most]: first token of each sentence
    first[of_row, nth] = text[row, column]
    to_come = (np.arange(first.shape[1]) >= nth[:, None]) & (np.arange(first.shape[1]) < count[of_row][:, None])
    alike = to_come & (first[of_row] == text[row, column][:, None])
    chance = np.count_nonzero(alike, axis=1) / np.count_nonzero(to_come, axis=1)

    head: Any = model.head(name)
    states = head.states(model.encoder(inputs))  # [B, T, H]
    device = states.device
    logits = head.logits(states[torch.from_numpy(row), torch.from_numpy(column)])  # [S, V]
    scores = logits.gather(1, torch.from_numpy(first[of_row]).to(device)).float()  # [S, most]
    chosen = scores.masked_fill(~torch.from_numpy(to_come).to(device), -torch.inf).argmax(1).cpu().numpy()
    right = alike[np.arange(len(row)), chosen]
    starts = np.cumsum(count) - count
    sums = [np.logical_and.reduceat(right, starts).sum(), np.multiply.reduceat(chance, starts).sum()]
    return torch.tensor([[total, len(rows)] for total in sums], dtype=torch.float64)


METRICS = ExtraMetrics(names=("orders_recovered", "orders_by_chance"), measure=orders_recovered)
