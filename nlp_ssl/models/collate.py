"""What a model takes of a batch: NumPy arrays become tensors, targets are found, shapes are kept few.

The inputs of a micro-batch of B rows of L tokens are a dict:

    input_ids       [B, L]
    attention_mask  [B, L]                 if an encoder's rows are padded
    token_type_ids  [B, L]                 if rows have two segments
    targets         part -> [T]            labels, NO_LABEL counts nothing
    positions       part -> [T]            where they are in the flattened rows; absent for heads that label rows
    decoder_ids     head -> [B, T]         what a decoder reads: the text that it is to write, behind [CLS]
    windows         part -> [2, B, L]      of static vectors: how many words to the left and right are a word's context
    negatives       [B, K]                 words drawn by frequency, to be told from the real ones
    counts          [2 + parts]            text tokens, rows, targets of each part

All are int64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.objectives.mixture import Mixture, count_targets, windows_of
from nlp_ssl.sampling.batch import NO_LABEL, Batch

TARGETS_MULTIPLE = 64
"""The number of targets of a micro-batch is filled up to a multiple of this: every new shape costs a kernel."""

Inputs = dict[str, Any]


def to_inputs(batch: Batch, mixture: Mixture, vocabulary: Vocabulary) -> Inputs:
    """What the model takes of a micro-batch."""
    rows, width = batch.ids.shape
    inputs: Inputs = {"input_ids": torch.from_numpy(batch.ids), "targets": {}, "positions": {}, "decoder_ids": {}}
    # A decoder never looks at the padding behind; an encoder needs to be told of it, if there is any.
    if mixture.body in ("encoder", "seq2seq") and (batch.length < width).any():
        mask = np.arange(width) < batch.length[:, None]
        inputs["attention_mask"] = torch.from_numpy(mask.astype(np.int64))
    if mixture.example in ("pair", "mixed_pair"):
        inputs["token_type_ids"] = torch.from_numpy(batch.segment)
    for head, tokens in _written(batch, mixture).items():
        ids = np.full_like(tokens, vocabulary.pad)
        ids[:, 0] = vocabulary.cls
        np.copyto(ids[:, 1:], tokens[:, :-1], where=tokens[:, :-1] != NO_LABEL)
        inputs["decoder_ids"][head] = torch.from_numpy(ids)
    if mixture.body == "static":
        windows = {name: torch.from_numpy(np.stack(windows_of(batch, name))) for name in mixture.parts}
        inputs |= {"windows": windows, "negatives": torch.from_numpy(batch.windows["negatives"])}
    for name, part in mixture.parts.items() if mixture.body != "static" else ():
        labels = batch.sequences[name] if name in batch.sequences else batch.labels[name]
        if labels.ndim == 2:
            row, column = np.nonzero(labels != NO_LABEL)
            ids = inputs["decoder_ids"][part.head] if name in batch.sequences else inputs["input_ids"]
            missing = -len(row) % TARGETS_MULTIPLE
            inputs["positions"][name] = torch.from_numpy(np.pad(row * ids.shape[1] + column, (0, missing)))
            labels = np.pad(labels[row, column], (0, missing), constant_values=NO_LABEL)
        inputs["targets"][name] = torch.from_numpy(labels)
    counts = [int(batch.read.sum()), rows, *(count_targets(batch, name, part) for name, part in mixture.parts.items())]
    inputs["counts"] = torch.tensor(counts)
    return inputs


def _written(batch: Batch, mixture: Mixture) -> dict[str, npt.NDArray[np.int64]]:
    """What each decoder has to write [B, T]. Parts that alternate share one, each row being of one of them."""
    written: dict[str, npt.NDArray[np.int64]] = {}
    for name, tokens in batch.sequences.items():
        head = mixture.parts[name].head
        width = max(tokens.shape[1], written[head].shape[1] if head in written else 0)
        text = np.full((len(tokens), width), NO_LABEL)
        for part in (written.get(head), tokens):
            if part is not None:
                np.copyto(text[:, : part.shape[1]], part, where=part != NO_LABEL)
        written[head] = text
    return written
