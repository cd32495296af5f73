"""What the objectives that reconstruct a text share: the text itself as what the decoder writes, and moving tokens.

In a mixture one corruption follows another; the first one remembers the text, so that all have it as their target.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.batch import NO_LABEL, Batch
from nlp_ssl.corpus.vocabulary import Vocabulary

Ints = npt.NDArray[np.int64]

WIDTH_MULTIPLE = 8
"""Rows that became shorter are cut to a multiple of this, so that batches still have few shapes."""


def with_original(batch: Batch) -> Batch:
    """The batch with its text as the sequence to write: all behind [CLS], the last [SEP] included. [B, L - 1]."""
    if "seq2seq_lm" in batch.sequences:
        return batch
    text = batch.ids[:, 1:].copy()
    text[np.arange(1, batch.ids.shape[1]) >= batch.length[:, None]] = NO_LABEL
    return replace(batch, sequences={**batch.sequences, "seq2seq_lm": text})


def moved(batch: Batch, source: Ints, length: Ints, vocabulary: Vocabulary) -> Batch:
    """The batch with the token from column `source` [B, L'] at each place, in rows of `length` [B] tokens."""
    width = min(source.shape[1], -(-int(length.max()) // WIDTH_MULTIPLE) * WIDTH_MULTIPLE)
    source = source[:, :width]
    beyond = np.arange(width) >= length[:, None]
    ids = np.take_along_axis(batch.ids, source, 1)
    sentence = np.take_along_axis(batch.sentence, source, 1)
    segment = np.take_along_axis(batch.segment, source, 1)
    ids[beyond], sentence[beyond], segment[beyond] = vocabulary.pad, -1, 0
    return replace(batch, length=length, ids=ids, sentence=sentence, segment=segment)
