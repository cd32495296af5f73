"""Shared code of the objectives on the order of a text's pieces: dividing a text into pieces, and rearranging them.

A piece is one or more whole sentences. Texts are halves of documents, halved until they fit, so that the lengths of
their sentences do not reveal the order (docs/decisions/pairs-by-halving.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.objectives._denoising import moved
from nlp_ssl.objectives.base import Objective
from nlp_ssl.sampling.batch import NO_LABEL, Batch
from nlp_ssl.sampling.examples import Body, ExampleIndex, TokenStream, find_examples
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import RowTargets

Ints = npt.NDArray[np.int64]

FIRST = 1
"""Column of the first token of a text, after [CLS]."""


@dataclass(frozen=True, kw_only=True)
class PieceOrder(Objective):
    """Base class of the objectives that predict a class of the order of pieces."""

    example_type: ClassVar = "segment"
    body: ClassVar = "encoder"
    before_masking: ClassVar = True
    heads: ClassVar = {"sequence_classification": "sequence_classification"}
    trains_tasks: ClassVar = ("half_order", "next_sentence")


def halved_texts(text: TokenStream, body: Body, max_length: int, sentences: int, separators: int) -> ExampleIndex:
    """Texts of at least `sentences` sentences that fit into `max_length` tokens with [CLS] and `separators` [SEP]."""
    found = find_examples(text, "pair", body, max_length - (separators - 2), sentences)
    return replace(found, special=1 + separators)


def sentence_starts(batch: Batch) -> tuple[Ints, Ints]:
    """The number of sentences in each row [B], and the column where each begins [B, S + 1].

    After the last sentence of a row comes the column behind its text, in all further places.
    """
    begins = np.zeros(batch.sentence.shape, np.bool_)
    begins[:, 1:] = (batch.sentence[:, 1:] != batch.sentence[:, :-1]) & (batch.sentence[:, 1:] >= 0)
    row, column = np.nonzero(begins)
    count = np.bincount(row, minlength=len(begins))
    starts = np.repeat(batch.length[:, None] - 1, int(count.max(initial=0)) + 1, axis=1)
    starts[row, np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)] = column
    return count, starts


def divided(batch: Batch, pieces: int, noise: Noise) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Divide each text into `pieces` at sentences chosen uniformly.

    Returns the column where each piece begins, and the one behind the text, [B, pieces + 1], and whether a text has
    enough sentences [B].
    """
    count, starts = sentence_starts(batch)
    inner = np.arange(1, max(starts.shape[1] - 1, pieces))  # sentences that a piece may begin with
    lot = np.where(inner < count[:, None], noise.uniform("divide", len(inner)), 2)
    cuts = np.sort(inner[np.argsort(lot, axis=1, kind="stable")[:, : pieces - 1]], axis=1)
    chosen = np.pad(cuts, ((0, 0), (1, 0)))
    columns = np.take_along_axis(starts, np.minimum(chosen, starts.shape[1] - 1), 1)
    return np.concatenate([columns, batch.length[:, None] - 1], axis=1), count >= pieces


def arranged(batch: Batch, start: Ints, size: Ints, able: npt.NDArray[np.bool_], vocabulary: Vocabulary) -> Batch:
    """Rows of pieces in another order: `[CLS] P1 [SEP] P2 [SEP] …`, where rows that are not `able` [B] stay the same.

    `start` and `size` [B, n] are the first column and the number of tokens of each piece, in their new order. The last
    piece has token type 1 if there are two, as for pairs; otherwise all have 0.
    """
    pieces = start.shape[1]
    ends = FIRST + np.cumsum(size + 1, axis=1)  # [B, n]: the column behind the [SEP] of each piece
    length = np.where(able, ends[:, -1], batch.length)
    position = np.arange(max(batch.ids.shape[1], int(length.max(initial=1))))
    piece = np.zeros((len(length), len(position)), np.int64)
    for end in ends[:, :-1].T:
        piece += position >= end[:, None]
    source = position + np.take_along_axis(start - (ends - size - 1), piece, 1)
    separators = np.minimum(ends - 1, len(position) - 1)
    np.put_along_axis(source, separators, batch.length[:, None] - 1, 1)  # the [SEP] of the clean row
    source = np.where(able[:, None] & (position > 0), source, position).clip(0, batch.ids.shape[1] - 1)
    out = moved(batch, source, length, vocabulary)
    real = able[:, None] & (np.arange(out.ids.shape[1]) < length[:, None])
    second = piece[:, : out.ids.shape[1]] * real if pieces == 2 else np.zeros_like(out.ids)
    return replace(out, token_type_ids=np.where(able[:, None], second, out.token_type_ids))


def with_class(batch: Batch, labels: Ints, able: npt.NDArray[np.bool_]) -> Batch:
    """The batch with the class of each row [B]; rows that are not `able` [B] have none."""
    return batch.with_target("sequence_classification", RowTargets(labels=np.where(able, labels, NO_LABEL)))
