"""ROUGE-1 of generated gap sentences (Lin 2004)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.heads.metrics import ExtraMetrics, ModelLike
from nlp_ssl.objectives._rouge import rouge_1
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.targets import NO_LABEL, SequenceTargets

WRITTEN_ROWS = 16
"""Sequences of a micro-batch for which text is generated; generation is slow."""


def gap_sentences_written(
    model: ModelLike, name: str, batch: Batch, inputs: dict[str, Any], vocabulary: Vocabulary
) -> Tensor:
    """ROUGE-1 F1 of the generated text against the gap sentences, and of a copying baseline.

    The model decodes greedily, up to the length of the longest target. The baseline copies the first tokens of the
    input, as many as the target has. Uses the first `WRITTEN_ROWS` sequences with a target.

    Returns sums and counts, float64 [2, 2].
    """
    targets = batch.targets[name]
    assert isinstance(targets, SequenceTargets)
    rows = np.flatnonzero((targets.tokens != NO_LABEL).any(axis=1))[:WRITTEN_ROWS]
    if not len(rows):
        return torch.zeros(2, 2, dtype=torch.float64)
    ids, wanted = batch.ids[rows], targets.tokens[rows]  # [R, L], [R, T]
    read = inputs["views"]["main"]["input_ids"]
    source = read[torch.from_numpy(rows).to(read.device)]
    written = model.assemble("seq2seq_lm").generate(
        input_ids=source,
        attention_mask=(source != vocabulary.pad).long(),
        max_new_tokens=wanted.shape[1],
        do_sample=False,
        use_cache=True,
    )
    text_first = np.argsort(vocabulary.special[ids], axis=1, kind="stable")
    copied = np.take_along_axis(ids, text_first, 1)[:, : wanted.shape[1] - 1]
    copied = np.where(wanted[:, 1 : 1 + copied.shape[1]] == NO_LABEL, NO_LABEL, copied)  # without [SEP]
    found = [rouge_1(text, wanted, vocabulary).sum() for text in (written.cpu().numpy(), copied)]
    return torch.tensor([[total, len(rows)] for total in found], dtype=torch.float64)


METRICS = ExtraMetrics(names=("rouge_1", "rouge_1_by_copying"), measure=gap_sentences_written, steps=4)
