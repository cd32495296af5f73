"""Rotation detection: predict whether a text was rotated, and where its beginning is.

Papers: Lewis et al., BART, ACL 2020, section 2.2 (document rotation), as a classification, as rotations of pictures
are in Gidaris et al., Unsupervised Representation Learning by Predicting Image Rotations, ICLR 2018.

A text is rotated to begin with another of its sentences. The class is "not rotated", or the part of the text in which
its original beginning is now. Parts have equal numbers of sentences, up to one. All classes are equally likely, then
all sentences of the part. Texts are halves of documents, so that lengths do not reveal the rotation.

Differences from BART: A rotated text begins with a sentence, not within one, which would reveal the rotation.

In: a clean batch. Out: `ids` and `sentence` rotated between [CLS] and [SEP]; target "sequence_classification" [B]: 0
not rotated, 1 to `parts` the part.
Requirements: documents with `parts` + 1 sentences that fit into one example.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import require
from nlp_ssl.objectives._denoising import moved
from nlp_ssl.objectives._pieces import FIRST, PieceOrder, halved_texts, sentence_starts, with_class
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.examples import Body, ExampleIndex, TokenStream
from nlp_ssl.sampling.noise import Noise


@dataclass(frozen=True, kw_only=True)
class RotationDetection(PieceOrder):
    """Predict whether a text was rotated, and where its beginning is (after BART)."""

    parts: int = 2
    """Number of parts of the text that the beginning may be in; with "not rotated" there is one more class."""

    name: ClassVar = "rotation_detection"
    paper: ClassVar = (
        "Lewis et al., BART, ACL 2020, section 2.2; Gidaris et al., Unsupervised Representation Learning by Predicting "
        "Image Rotations, ICLR 2018"
    )
    needs: ClassVar = "parts + 1 sentences in a row that fit into one example (raise --batch.max-length or lower parts)"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.parts >= 1, "parts", self.parts, "it must be at least 1")

    def classes(self, vocabulary: Vocabulary) -> tuple[str, ...]:
        """ "not rotated", then the parts of the text."""
        return ("not rotated", *(f"part {part} of {self.parts}" for part in range(1, self.parts + 1)))

    def examples(self, text: TokenStream, vocabulary: Vocabulary, body: Body, max_length: int) -> ExampleIndex:
        """Halves of documents with at least `parts` + 1 sentences."""
        return halved_texts(text, body, max_length, sentences=self.parts + 1, separators=1)

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Rotate the texts and label them."""
        count, starts = sentence_starts(batch)
        able = count > self.parts
        drawn = noise.integers("part", np.full(len(batch.ids), self.parts + 1))  # [B]
        # The beginning moves behind 1 to count - 1 sentences; part p has those from low to high - 1.
        low, high = (1 + np.maximum(part, 0) * (count - 1) // self.parts for part in (drawn - 1, drawn))
        behind = low + noise.integers("sentence", high - low)
        first = np.where(able & (drawn > 0), count - behind, 0)  # the sentence that the text now begins with
        begin = np.take_along_axis(starts, first[:, None], 1)  # [B, 1]
        end = batch.length[:, None] - 1
        position = np.arange(batch.ids.shape[1])
        source = position + begin - FIRST
        source = np.where(source < end, source, source - (end - FIRST))
        source = np.where((position >= FIRST) & (position < end), source, position)
        return with_class(moved(batch, source, batch.length, vocabulary), drawn, able)
