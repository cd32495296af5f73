"""Sentence-order prediction: are two consecutive pieces of a text in their order?

Paper: Lan et al., ALBERT, ICLR 2020, section 3.1. A run of sentences is divided between two of them, A and B;
in half of the rows they change places.

Departures. Only swapped pairs count as negatives: runs of one sentence are left out and counted, where
ALBERT's code takes a random document's text for B (NSP's negatives) and UER's an empty B with a random label.
Runs are parts of documents that were halved until they fit, so that lengths do not tell the order; those of ALBERT's
code are filled up, and begin with a long sentence (docs/decisions/pairs-by-halving.md).
Where a pair is divided and whether it is swapped are drawn anew every epoch.

In: a clean batch of pairs, `[CLS] A [SEP] B [SEP]`. Out: `ids`, `segment` and `sentence` of the swapped rows
rearranged to `[CLS] B [SEP] A [SEP]`; `labels["sequence_classification"]` [B]: 0 in order, 1 swapped.
Requirements: documents of at least two sentences that fit into a row together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.objectives._denoising import moved
from nlp_ssl.objectives.base import Objective
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import RowTargets


@dataclass(frozen=True, kw_only=True)
class SentenceOrderPrediction(Objective):
    """Tell whether two pieces of a text are in their order (ALBERT)."""

    name: ClassVar = "sop"
    example_type: ClassVar = "pair"
    body: ClassVar = "encoder"
    heads: ClassVar = {"sequence_classification": "sequence_classification"}
    paper: ClassVar = "Lan et al., ALBERT, ICLR 2020, section 3.1"
    needs: ClassVar = "two sentences in a row that fit into one example (raise --batch.max-length)"

    def classes(self, vocabulary: Vocabulary) -> tuple[str, ...]:
        """In order, swapped."""
        return ("in order", "swapped")

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Swap half of the pairs and label them."""
        swapped = noise.integers("swap", np.full(len(batch.ids), 2))  # [B]
        end = batch.length[:, None] - 1  # [B, 1], of the last [SEP]
        second = np.count_nonzero(batch.token_type_ids, axis=1)[:, None] - 1  # [B, 1] tokens in B
        first = end - 2 - second  # tokens in A
        position = np.arange(batch.ids.shape[1])
        # [CLS] A [SEP] B [SEP] -> [CLS] B [SEP] A [SEP], both [SEP] being one and the same token
        source = np.where(position <= second + 1, position + first + 1, position - second - 1)
        swaps = (swapped[:, None] == 1) & (position > 0) & (position < end)
        source = np.where(swaps, source, position)
        token_type_ids = np.where(
            swapped[:, None] == 1, (position > second + 1) & (position <= end), batch.token_type_ids
        )
        rearranged = moved(batch, source, batch.length, vocabulary)
        told = replace(rearranged, token_type_ids=token_type_ids)
        return told.with_target("sequence_classification", RowTargets(labels=swapped))
