"""Collate: convert NumPy batches to the model's input tensors.

The inputs for a micro-batch of B sequences of L tokens are a dict:

    views    view -> {input_ids [B, L],
                      attention_mask [B, L]      if the body is not causal and sequences are padded,
                      causal [B]                 if an encoder reads some rows from one side only: bool, which rows,
                      token_type_ids [B, L]      if examples are pairs,
                      position_ids [B, L]        if a view has positions of its own,
                      decoder_input_ids [B, T]   for an encoder-decoder}
    targets  loss -> `Targets.arrays` (nlp_ssl.sampling.targets), plus decoder_input_ids [B, T] if the head has its own
                     decoder
    counts   [2 + losses]  text tokens, sequences, targets per loss

All tensors are int64 unless `Targets.arrays` documents another dtype.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.sampling.batch import Batch, View
from nlp_ssl.sampling.targets import NO_LABEL, Ints, SequenceTargets, TokenTargets

Inputs = dict[str, Any]


def collate(batch: Batch, mixture: Mixture, vocabulary: Vocabulary) -> Inputs:
    """Convert a micro-batch to model inputs (see the module's docstring)."""
    sequences = {name: t for name, t in batch.targets.items() if isinstance(t, SequenceTargets)}
    read = {name: targets.decoder_input_ids(vocabulary) for name, targets in sequences.items()}
    main = _view(batch, mixture)
    if mixture.has_causal_rows:
        main["causal"] = _has_next_tokens(batch)
    if mixture.example_type in ("pair", "mixed_pair"):
        main["token_type_ids"] = batch.token_type_ids
    if mixture.body == "seq2seq":
        main["decoder_input_ids"] = merged = _merged(read, vocabulary)
        read = dict.fromkeys(read, merged)
    targets: dict[str, dict[str, npt.NDArray[Any]]] = {}
    for name in mixture.losses:
        width = read[name].shape[1] if name in read else batch.ids.shape[1]
        targets[name] = batch.targets[name].arrays(width, vocabulary)
        if name in read and mixture.body != "seq2seq":
            targets[name]["decoder_input_ids"] = read[name]
    views = {"main": main, **{name: _view(view, mixture) for name, view in batch.views.items()}}
    counts = [batch.targets[name].count() for name in mixture.losses]
    return {
        "views": {name: _tensors(arrays) for name, arrays in views.items()},
        "targets": {name: _tensors(arrays) for name, arrays in targets.items()},
        "counts": torch.tensor([int(batch.text_tokens.sum()), len(batch.ids), *counts]),
    }


def collate_group(micro_batches: Sequence[Batch], mixture: Mixture, vocabulary: Vocabulary) -> list[Inputs]:
    """Convert each micro-batch of a step to model inputs."""
    return [collate(batch, mixture, vocabulary) for batch in micro_batches]


def _view(rows: Batch | View, mixture: Mixture) -> dict[str, npt.NDArray[Any]]:
    view: dict[str, npt.NDArray[Any]] = {"input_ids": rows.ids}
    # Padding is on the right, where causal attention never reaches it.
    width = rows.ids.shape[1]
    if mixture.body in ("encoder", "seq2seq") and (rows.length < width).any():
        view["attention_mask"] = (np.arange(width) < rows.length[:, None]).astype(np.int64)
    if isinstance(rows, View) and rows.positions is not None:
        view["position_ids"] = rows.positions
    return view


def _has_next_tokens(batch: Batch) -> npt.NDArray[np.bool_]:
    """Whether the targets of each row are next tokens, which it must not read. bool [B]."""
    found = np.zeros(len(batch.ids), np.bool_)
    for targets in batch.targets.values():
        if isinstance(targets, TokenTargets) and targets.next_token:
            found |= (targets.labels != NO_LABEL).any(axis=1)
    return found


def _merged(read: Mapping[str, Ints], vocabulary: Vocabulary) -> Ints:
    """The decoder's input ids [B, T]. With alternating objectives each sequence has targets of only one of them."""
    arrays = list(read.values())
    merged = np.full((len(arrays[0]), max(ids.shape[1] for ids in arrays)), vocabulary.pad)
    merged[:, 0] = vocabulary.cls
    for ids in arrays:
        of_row = ids[:, 1:] != vocabulary.pad
        np.copyto(merged[:, 1 : ids.shape[1]], ids[:, 1:], where=of_row)
    return merged


def _tensors(arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, torch.Tensor]:
    """The arrays as tensors. A read-only array is copied, since a tensor can be written to."""
    return {name: torch.from_numpy(np.require(array, requirements=["C", "W"])) for name, array in arrays.items()}
