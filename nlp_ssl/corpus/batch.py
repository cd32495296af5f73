"""The batch: the one contract between text, objectives and models.

A batch begins *clean*: examples framed for a body, with nothing to predict. An objective turns it into another
batch that is corrupted and has targets; a mixture applies one objective after another. Every array has one row
an example (B rows), padded on the right to the batch's width (L columns):

    ids       int64 [B, L]   token ids, `pad` beyond `length`
    length    int64 [B]      tokens in each row, special ones included
    sentence  int16 [B, L]   which sentence of its example a token belongs to, -1 for special tokens and padding
    segment   int64 [B, L]   0 for [CLS] A [SEP], 1 for B [SEP]; 0 everywhere where there is one segment
    labels    head -> int64  what a head predicts: [B, L], at each position, -100 where nothing; or [B]

A framed *segment* is `[CLS] tokens [SEP]` for an encoder; for a decoder `[CLS] tokens`, and `[SEP]` where the
document ends, so that its end is learned. A framed *pair* is `[CLS] A [SEP] B [SEP]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.examples import Kind, Text
from nlp_ssl.corpus.noise import Noise
from nlp_ssl.corpus.vocabulary import Vocabulary

Body = Literal["encoder", "decoder"]

NO_LABEL = -100
"""The label of a position where nothing is predicted (PyTorch's and transformers' number)."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Rows of examples; see the module's docstring for every field."""

    ids: npt.NDArray[np.int64]
    length: npt.NDArray[np.int64]
    sentence: npt.NDArray[np.int16]
    segment: npt.NDArray[np.int64]
    labels: Mapping[str, npt.NDArray[np.int64]] = field(default_factory=dict)


def frame(
    text: Text,
    vocabulary: Vocabulary,
    kind: Kind,
    body: Body,
    start: npt.NDArray[np.int64],
    length: npt.NDArray[np.int64],
    width: int,
    noise: Noise,
) -> Batch:
    """The clean batch of the examples at `start` [B] of `length` [B] tokens, in rows of `width`.

    Where a pair is divided is drawn by `noise`, uniformly among its sentences' borders.
    """
    rows = len(start)
    row, offset = text.sentences(start, length)  # of each sentence that begins inside a row: [N]
    position = np.arange(width)
    ids = np.empty((rows, width), np.int64)
    ids[:, 0] = vocabulary.cls
    ids[:, 1:] = text.gather(start, width - 1)
    sentence = np.zeros((rows, width), np.int16)
    sentence[row, offset + 1] = 1
    np.cumsum(sentence, axis=1, dtype=np.int16, out=sentence)
    segment = np.zeros((rows, width), np.int64)
    if kind == "pair":
        borders = np.bincount(row, minlength=rows)  # one fewer than sentences
        before = np.cumsum(borders) - borders
        split = offset[before + noise.integers("split", borders)]  # [B] tokens in A
        second = position > split[:, None] + 1
        source = position - second  # B moves one to the right, to let the middle [SEP] in
        ids, sentence = np.take_along_axis(ids, source, 1), np.take_along_axis(sentence, source, 1)
        segment[second] = 1
        ids[np.arange(rows), split + 1] = vocabulary.sep
        sentence[np.arange(rows), split + 1] = -1
        length = length + 1
    end = 1 + length
    closed = np.arange(rows) if body == "encoder" else np.flatnonzero(text.ends_document(start, length))
    total = end.copy()
    total[closed] += 1
    beyond = position >= end[:, None]
    ids[beyond] = vocabulary.pad
    sentence[beyond] = -1
    sentence[:, 0] = -1
    ids[closed, end[closed]] = vocabulary.sep
    segment[position >= total[:, None]] = 0
    return Batch(ids=ids, length=total, sentence=sentence, segment=segment)


def check(batch: Batch, vocabulary: Vocabulary, who: str) -> None:
    """Raise AssertionError, naming `who`, row and column, where a batch breaks the contract."""
    rows, width = batch.ids.shape
    beyond = np.arange(width) >= batch.length[:, None]
    _refuse((batch.ids < 0) | (batch.ids >= vocabulary.size), batch.ids, f"{who}: not a token id")
    _refuse(beyond & (batch.ids != vocabulary.pad), batch.ids, f"{who}: written to the padding")
    for head, labels in batch.labels.items():
        if labels.ndim == 1:
            assert len(labels) == rows, f"{who}: {len(labels)} labels of {head} for {rows} rows"
            continue
        assert labels.shape == (rows, width), f"{who}: labels of {head} are {labels.shape}, not {(rows, width)}"
        targets = labels != NO_LABEL
        _refuse(targets & ((labels < 0) | (labels >= vocabulary.size)), labels, f"{who}: not a label of {head}")
        _refuse(targets & beyond, labels, f"{who}: a target of {head} in the padding")


def _refuse(wrong: npt.NDArray[np.bool_], values: npt.NDArray[np.int64], what: str) -> None:
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise AssertionError(f"{what}: {values[row, column]} at row {row}, column {column}")
