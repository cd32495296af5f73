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
from nlp_ssl.sampling.targets import SequenceTargets

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
