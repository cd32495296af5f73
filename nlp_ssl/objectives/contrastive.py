"""Contrastive learning on text: identify the other span of the same document among spans of other documents.

Papers: Chen et al., SimCLR, ICML 2020, section 2 (loss); Giorgi et al., DeCLUTR, ACL 2021, section 3 (spans of one
document as views, combined with masked language modelling).

Differences: The two views are adjacent, non-overlapping runs of whole sentences, split at a uniformly drawn sentence
boundary (DeCLUTR's spans may overlap). Views that differ only in dropout, as in SimCSE, do not work from scratch.
Examples of the same document are not negatives of each other.

In: a clean batch of pairs, `[CLS] A [SEP] B [SEP]`. Out: view "main" `[CLS] A [SEP]`, view "other" `[CLS] B [SEP]`;
target "contrastive" for every example, grouped by document.
Requirements: documents with at least two sentences that fit into one example, and several of them in a batch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import require
from nlp_ssl.objectives._denoising import cut_width, moved
from nlp_ssl.objectives.base import Objective
from nlp_ssl.sampling.batch import Batch, View
from nlp_ssl.sampling.examples import Body, ExampleIndex, TokenStream
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import BatchTargets


@dataclass(frozen=True, kw_only=True)
class Contrastive(Objective):
    """Identify the adjacent span of the same document in the batch (SimCLR's loss on text)."""

    temperature: float = 0.05
    """Temperature of the softmax over cosine similarities."""
    projection: int = 128
    """Output dimension of the projection MLP, which is discarded after pretraining."""

    name: ClassVar = "contrastive"
    example_type: ClassVar = "pair"
    body: ClassVar = "encoder"
    before_masking: ClassVar = True
    heads: ClassVar = {"contrastive": "contrastive"}
    saves_heads: ClassVar = False
    paper: ClassVar = "Chen et al., SimCLR, ICML 2020, section 2; Giorgi et al., DeCLUTR, ACL 2021, section 3"
    needs: ClassVar = "two sentences in a row that fit into one example (raise --batch.max-length)"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.temperature > 0, "temperature", self.temperature, "it must be above 0")
        require(self.projection >= 1, "projection", self.projection, "it must be at least 1")

    def examples(self, text: TokenStream, vocabulary: Vocabulary, body: Body, max_length: int) -> ExampleIndex:
        """Pairs whose class is their document."""
        pairs = super().examples(text, vocabulary, body, max_length)
        return replace(pairs, example_class=text.document_of(pairs.start))

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Split each pair into two views."""
        second = np.count_nonzero(batch.token_type_ids, axis=1)  # [B] B and its [SEP]
        first = batch.length - second  # [CLS] A [SEP]
        position = np.arange(batch.ids.shape[1])
        everywhere = np.broadcast_to(position, batch.ids.shape)
        shifted = np.take_along_axis(batch.ids, np.minimum(everywhere + first[:, None] - 1, position[-1]), 1)
        shifted[:, 0] = vocabulary.cls
        shifted[position >= second[:, None] + 1] = vocabulary.pad
        other = View(ids=shifted[:, : cut_width(second + 1)], length=second + 1)
        main = moved(batch, everywhere, first, vocabulary)
        targets = BatchTargets(valid=np.ones(len(batch.ids), np.bool_), group=batch.example_class)
        return replace(main, views={**batch.views, "other": other}).with_target("contrastive", targets)
