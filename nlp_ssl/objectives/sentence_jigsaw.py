"""Sentence jigsaw: predict the order of shuffled pieces of a text.

Paper: Noroozi and Favaro, Unsupervised Learning of Visual Representations by Solving Jigsaw Puzzles, ECCV 2016, on
text. A text is divided into pieces of whole sentences, which are shuffled. The class is their order.

Differences from the paper, besides text: All n! orders are classes, the original order included; the paper has a
subset of those of nine tiles. The body reads all pieces at once, separated by [SEP].

The division and the order are drawn anew in every epoch. Texts are halves of documents, so that lengths do not reveal
the order.

In: a clean batch. Out: `[CLS] P [SEP] P [SEP] P [SEP]`; target "sequence_classification" [B]: the place of the order
among all orders, sorted.
Requirements: documents with as many sentences as pieces that fit into one example.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import ClassVar

import numpy as np

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import require
from nlp_ssl.objectives._pieces import PieceOrder, arranged, divided, halved_texts, with_class
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.examples import Body, ExampleIndex, TokenStream
from nlp_ssl.sampling.noise import Noise


@dataclass(frozen=True, kw_only=True)
class SentenceJigsaw(PieceOrder):
    """Predict the order of shuffled pieces of a text (Noroozi and Favaro)."""

    pieces: int = 3
    """Number of pieces, 2 to 5; there are 2, 6, 24 or 120 classes."""

    name: ClassVar = "sentence_jigsaw"
    paper: ClassVar = (
        "Noroozi and Favaro, Unsupervised Learning of Visual Representations by Solving Jigsaw Puzzles, ECCV 2016"
    )
    needs: ClassVar = (
        "n sentences in a row that fit into one example, n being the number of pieces (raise --batch.max-length or "
        "lower pieces)"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        require(2 <= self.pieces <= 5, "pieces", self.pieces, "it must lie in 2..5")

    def classes(self, vocabulary: Vocabulary) -> tuple[str, ...]:
        """The orders, such as "2 3 1": the second piece comes first."""
        return tuple(" ".join(str(piece + 1) for piece in order) for order in permutations(range(self.pieces)))

    def examples(self, text: TokenStream, vocabulary: Vocabulary, body: Body, max_length: int) -> ExampleIndex:
        """Halves of documents with at least as many sentences as pieces, and room for a [SEP] after each piece."""
        return halved_texts(text, body, max_length, sentences=self.pieces, separators=self.pieces)

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Divide and shuffle the texts and label them with the order."""
        columns, able = divided(batch, self.pieces, noise)
        orders = np.array(list(permutations(range(self.pieces))))
        drawn = noise.integers("order", np.full(len(batch.ids), len(orders)))  # [B]
        start, size = (np.take_along_axis(each, orders[drawn], 1) for each in (columns[:, :-1], np.diff(columns)))
        return with_class(arranged(batch, start, size, able, vocabulary), drawn, able)
