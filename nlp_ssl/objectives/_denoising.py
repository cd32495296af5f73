"""Shared code of the denoising objectives: the original text as decoder target, moving tokens, the copying baseline.

In a mixture several corruptions are applied in turn. The first stores the original text as the target of all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.sampling.batch import NO_LABEL, Batch
from nlp_ssl.sampling.targets import SequenceTargets, TokenTargets

Ints = npt.NDArray[np.int64]

WIDTH_MULTIPLE = 8
"""Shortened sequences are padded to a multiple of this, to keep the number of shapes small."""


def with_original(batch: Batch) -> Batch:
    """Add the uncorrupted text as decoder target [B, L - 1]: all tokens after [CLS], including the last [SEP]."""
    if "seq2seq_lm" in batch.targets:
        return batch
    text = batch.ids[:, 1:].copy()
    text[np.arange(1, batch.ids.shape[1]) >= batch.length[:, None]] = NO_LABEL
    return batch.with_target("seq2seq_lm", SequenceTargets(tokens=text, from_source=True))


def can_be_copied(ids: Ints, text: Ints) -> npt.NDArray[np.bool_]:
    """Which tokens of `text` [B, T] follow the same token in the input `ids` [B, L]. bool [B, T].

    A model that finds the previous output token in the input and copies its successor predicts these correctly:
    nearly all of a text that was rotated or whose sentences were permuted.
    """
    size = 1 + int(max(ids.max(), text.max()))
    row = size * np.arange(len(ids))[:, None]
    behind = np.concatenate([ids[:, :1], text[:, :-1]], axis=1)  # the token before each; [CLS] before the first
    read = (row + ids[:, :-1]) * size + ids[:, 1:]  # bigrams of the input, encoded as integers
    found: npt.NDArray[np.bool_] = np.isin((row + behind) * size + text, read) & (text != NO_LABEL)
    return found


def cut_width(length: Ints) -> int:
    """The number of columns for sequences of `length` [B] tokens: a multiple of `WIDTH_MULTIPLE`."""
    return -(-int(length.max(initial=1)) // WIDTH_MULTIPLE) * WIDTH_MULTIPLE


def moved(batch: Batch, source: Ints, length: Ints, vocabulary: Vocabulary) -> Batch:
    """Rearrange tokens: column `source` [B, L'] moves to each position; `length` [B] is the new number of tokens.

    Labels move with their tokens. If the longest sequence became shorter, columns are dropped.
    """
    width = source.shape[1]
    if length.max(initial=0) < batch.length.max(initial=0):
        width = min(width, cut_width(length))
    source = source[:, :width]
    beyond = np.arange(width) >= length[:, None]

    def taken(array: npt.NDArray[Any], fill: int) -> npt.NDArray[Any]:
        out = np.take_along_axis(array, source, 1)
        out[beyond] = fill
        return out

    return replace(
        batch,
        ids=taken(batch.ids, vocabulary.pad),
        length=length,
        sentence=taken(batch.sentence, -1),
        token_type_ids=taken(batch.token_type_ids, 0),
        targets={name: targets.moved(source, beyond) for name, targets in batch.targets.items()},
    )


def spans_replaced(batch: Batch, left: Ints, right: Ints, inserted: Ints, vocabulary: Vocabulary) -> Batch:
    """Replace each span of columns `left`..`right` - 1 by one token; `inserted` [B, S] is `NO_LABEL` for none.

    Spans do not overlap and are in text order; an empty span only inserts. Rows must not become longer.
    """
    rows, width = batch.ids.shape
    end = batch.length - 1  # [B]: the last [SEP]
    at = np.arange(rows)[:, None] * width  # start of each row in the flattened batch
    left, right, size = at + left, at + right, rows * width
    changes = np.bincount(left.ravel(), minlength=size) - np.bincount(right.ravel(), minlength=size)
    kept = (np.cumsum(changes) == 0).reshape(rows, width) & (np.arange(width) <= end[:, None])
    rank = np.cumsum(kept, axis=1)  # [B, L]: kept tokens up to and including each
    real = inserted != NO_LABEL
    marks = np.bincount(left[real], minlength=size).reshape(rows, width)
    place = rank - 1 + np.cumsum(marks, axis=1)  # [B, L]: new position of each kept token
    source = np.zeros((rows, width), np.int64)
    stays, where = np.nonzero(kept)
    source[stays, place[stays, where]] = where
    of, span = np.nonzero(real)  # [M]: inserted tokens in text order
    hole = left[of, span]
    nth = np.arange(len(of)) - np.searchsorted(of, of)  # among those of its row
    mark_place = (rank - kept).ravel()[hole] + nth
    source[of, mark_place] = np.minimum(hole - of * width, np.maximum(end[of] - 1, 1))
    out = moved(batch, source, rank[:, -1] + np.count_nonzero(real, axis=1), vocabulary)
    out.ids[of, mark_place] = inserted[of, span]
    for targets in out.targets.values():
        if isinstance(targets, TokenTargets):  # labels of what stood there
            targets.labels[of, mark_place] = NO_LABEL
    return out
