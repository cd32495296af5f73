"""Held-out figures of some objectives, beside the loss and the accuracy that every part has.

An objective's entry in `FIGURES` is taken on the held-out batches of the part that learns from it alone: sums and
counts over a micro-batch, which the loop adds up over batches and processes; each sum over its count is logged by its
name. To add one: a function here, and its entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.models.collate import Inputs
from nlp_ssl.models.pretraining import PretrainingModel
from nlp_ssl.objectives.base import Objective
from nlp_ssl.objectives.gap_sentences import GapSentences
from nlp_ssl.objectives.mixture import Part
from nlp_ssl.objectives.rouge import rouge_1
from nlp_ssl.objectives.sentence_permutation import SentencePermutation
from nlp_ssl.sampling.batch import NO_LABEL, Batch


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Figures of an objective on held-out text."""

    names: tuple[str, ...]
    """What each is called in metrics.jsonl."""
    take: Callable[[PretrainingModel, str, Batch, Inputs, Vocabulary], Tensor]
    """(model, the part's name, a micro-batch, what the model takes of it, vocabulary) -> [names, 2] float64, of each
    figure its sum and its count. A batch may have rows of other parts, or none with a target: these count nothing."""
    steps: int | None = None
    """The batches of an evaluation that they are taken on, the first ones, where all would take too long."""


def figures_of(part: Part) -> Figures | None:
    """The figures of a part of the loss, if its objective has some and shares it with no other."""
    return FIGURES.get(type(part.objectives[0])) if len(part.objectives) == 1 else None


def orders_recovered(
    model: PretrainingModel, part: str, batch: Batch, inputs: Inputs, vocabulary: Vocabulary
) -> Tensor:
    """The share of rows whose sentences the model puts in order, and the share that chance would.

    A row of sentences is in order if the model chooses right wherever one begins: it has read the right ones before,
    and of the first tokens of those still to come, the one that comes gets the highest score. Sentences that begin
    with the same token are not told apart. Chance chooses any of those to come. Rows of one sentence do not count.
    """
    text = batch.sequences[part]  # [B, T]
    # Permutation moves sentences and their numbers; in order, these say where each begins in the text.
    number = np.sort(np.where(batch.sentence < 0, np.iinfo(np.int16).max, batch.sentence), axis=1)[:, : text.shape[1]]
    inside = np.arange(number.shape[1]) < np.count_nonzero(batch.sentence >= 0, axis=1)[:, None]
    begins = inside & (np.diff(number, axis=1, prepend=-1) != 0) & (text[:, : number.shape[1]] != NO_LABEL)
    begins[np.count_nonzero(begins, axis=1) < 2] = False
    row, column = np.nonzero(begins)  # [S]
    if not len(row):
        return torch.zeros(2, 2, dtype=torch.float64)
    rows, count = np.unique(row, return_counts=True)  # [R]
    nth = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)  # [S] which sentence of its row
    of_row = np.repeat(np.arange(len(rows)), count)
    first = np.zeros((len(rows), count.max()), np.int64)  # [R, most] the tokens that sentences begin with
    first[of_row, nth] = text[row, column]
    to_come = (np.arange(first.shape[1]) >= nth[:, None]) & (np.arange(first.shape[1]) < count[of_row][:, None])
    alike = to_come & (first[of_row] == text[row, column][:, None])
    chance = np.count_nonzero(alike, axis=1) / np.count_nonzero(to_come, axis=1)

    device = inputs["input_ids"].device
    hidden = model.run_body(inputs)[part][torch.from_numpy(row), torch.from_numpy(column)]  # [S, H]
    logits = model.heads["seq2seq_lm"](inputs_embeds=hidden[None]).logits[0]
    scores = logits.gather(1, torch.from_numpy(first[of_row]).to(device)).float()  # [S, most]
    chosen = scores.masked_fill(~torch.from_numpy(to_come).to(device), -torch.inf).argmax(1).cpu().numpy()
    right = alike[np.arange(len(row)), chosen]
    starts = np.cumsum(count) - count
    sums = [np.logical_and.reduceat(right, starts).sum(), np.multiply.reduceat(chance, starts).sum()]
    return torch.tensor([[total, len(rows)] for total in sums], dtype=torch.float64)


WRITTEN_ROWS = 16
"""Rows of a micro-batch for which a text is written token by token, which takes long."""


def gap_sentences_written(
    model: PretrainingModel, part: str, batch: Batch, inputs: Inputs, vocabulary: Vocabulary
) -> Tensor:
    """ROUGE-1 F1 of what the model writes with the gap sentences, and what copying would reach.

    The model writes greedily, as many tokens at most as the longest gap sentences have. Copying takes the beginning
    of what is left of the text, as many tokens as are wanted. Only the first rows with a target are taken.
    """
    rows = np.flatnonzero((batch.sequences[part] != NO_LABEL).any(axis=1))[:WRITTEN_ROWS]
    if not len(rows):
        return torch.zeros(2, 2, dtype=torch.float64)
    ids, wanted = batch.ids[rows], batch.sequences[part][rows]  # [R, L], [R, T]
    source = inputs["input_ids"][torch.from_numpy(rows).to(inputs["input_ids"].device)]
    written = model.whole("seq2seq_lm").generate(
        input_ids=source,
        attention_mask=(source != vocabulary.pad).long(),
        max_new_tokens=wanted.shape[1],
        do_sample=False,
        use_cache=True,
    )
    text_first = np.argsort(vocabulary.special[ids], axis=1, kind="stable")
    copied = np.take_along_axis(ids, text_first, 1)[:, : wanted.shape[1] - 1]
    copied = np.where(wanted[:, 1 : 1 + copied.shape[1]] == NO_LABEL, NO_LABEL, copied)  # [SEP] is no text
    found = [rouge_1(text, wanted, vocabulary).sum() for text in (written.cpu().numpy(), copied)]
    return torch.tensor([[total, len(rows)] for total in found], dtype=torch.float64)


FIGURES: Mapping[type[Objective], Figures] = {
    SentencePermutation: Figures(names=("orders_recovered", "orders_by_chance"), take=orders_recovered),
    GapSentences: Figures(names=("rouge_1", "rouge_1_by_copying"), take=gap_sentences_written, steps=4),
}
