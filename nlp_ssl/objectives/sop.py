"""Sentence-order prediction: predict whether two consecutive segments are in order.

Paper: Lan et al., ALBERT, ICLR 2020, section 3.1. A run of sentences is split at a sentence boundary into A and B,
which are swapped in half of the examples.

Differences:

* Only swapped pairs are negatives. Runs of one sentence are skipped and counted. ALBERT's code uses text of a random
  document as B for them, UER's code an empty B with a random label.
* Runs come from documents that are halved until they fit, so that lengths do not reveal the order. ALBERT's code fills
  sequences, which then tend to begin with a long sentence (docs/decisions/pairs-by-halving.md).
* The split and the swap are drawn anew in every epoch.

In: a clean batch of pairs, `[CLS] A [SEP] B [SEP]`. Out: `ids`, `token_type_ids` and `sentence` of swapped examples
rearranged to `[CLS] B [SEP] A [SEP]`; target "sequence_classification" [B]: 0 in order, 1 swapped.
Requirements: documents with at least two sentences that fit into one example.
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
    """Predict whether two segments are in order or swapped (ALBERT)."""

    name: ClassVar = "sop"
    example_type: ClassVar = "pair"
    body: ClassVar = "encoder"
    heads: ClassVar = {"sequence_classification": "sequence_classification"}
    trains_tasks: ClassVar = ("half_order", "next_sentence")
    paper: ClassVar = "Lan et al., ALBERT, ICLR 2020, section 3.1"
    needs: ClassVar = (
        "two sentences in a row that fit into one example (raise --batch.max-length, or prepare longer documents)"
    )

    def classes(self, vocabulary: Vocabulary) -> tuple[str, ...]:
        """The classes "in order" and "swapped"."""
        return ("in order", "swapped")

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Swap half of the pairs and label them."""
        swapped = noise.integers("swap", np.full(len(batch.ids), 2))  # [B]
        end = batch.length[:, None] - 1  # [B, 1]: position of the last [SEP]
        second = np.count_nonzero(batch.token_type_ids, axis=1)[:, None] - 1  # [B, 1] tokens in B
        first = end - 2 - second  # tokens in A
        position = np.arange(batch.ids.shape[1])
        # [CLS] A [SEP] B [SEP] -> [CLS] B [SEP] A [SEP]; both [SEP] are the same token
        source = np.where(position <= second + 1, position + first + 1, position - second - 1)
        swaps = (swapped[:, None] == 1) & (position > 0) & (position < end)
        source = np.where(swaps, source, position)
        token_type_ids = np.where(
            swapped[:, None] == 1, (position > second + 1) & (position <= end), batch.token_type_ids
        )
        rearranged = moved(batch, source, batch.length, vocabulary)
        told = replace(rearranged, token_type_ids=token_type_ids)
        return told.with_target("sequence_classification", RowTargets(labels=swapped))
