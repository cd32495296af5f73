"""Relative position prediction: predict how far one piece of a text is before or after another.

Paper: Iter et al., Pretraining with Contrastive Sentence Objectives Improves Discourse Performance of Language Models,
ACL 2020 (CONPONO). The paper predicts which candidate is the text k sentences away from an anchor.

Differences: The distance is one class, instead of a choice among candidates, so the body reads both pieces at once. A
text is divided into `distance` + 1 pieces of whole sentences, drawn anew in every epoch, of which two are kept. The
class is drawn first, uniformly, then one of the pairs that have it. Texts are halves of documents, so that lengths do
not reveal the position. The paper's distance is 4; by default it is 2, which short texts allow.

In: a clean batch. Out: `[CLS] A [SEP] B [SEP]`; target "sequence_classification" [B]: the class of B's position
relative to A's, from -distance to -1, then 1 to distance. The other pieces are left out of the input.
Requirements: documents with `distance` + 1 sentences that fit into one example.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import require
from nlp_ssl.objectives._pieces import PieceOrder, arranged, divided, halved_texts, with_class
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.examples import Body, ExampleIndex, TokenStream
from nlp_ssl.sampling.noise import Noise


@dataclass(frozen=True, kw_only=True)
class RelativePosition(PieceOrder):
    """Predict how far one piece of a text is before or after another (after CONPONO)."""

    distance: int = 2
    """Largest distance in pieces; there are twice as many classes."""

    name: ClassVar = "relative_position"
    paper: ClassVar = (
        "Iter et al., Pretraining with Contrastive Sentence Objectives Improves Discourse Performance of Language "
        "Models, ACL 2020"
    )
    needs: ClassVar = (
        "distance + 1 sentences in a row that fit into one example (raise --batch.max-length or lower distance)"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.distance >= 1, "distance", self.distance, "it must be at least 1")

    def classes(self, vocabulary: Vocabulary) -> tuple[str, ...]:
        """The positions of the second piece relative to the first: "-2", "-1", "+1", "+2"."""
        return tuple(f"{k:+d}" for k in range(-self.distance, self.distance + 1) if k)

    def examples(self, text: TokenStream, vocabulary: Vocabulary, body: Body, max_length: int) -> ExampleIndex:
        """Halves of documents with at least `distance` + 1 sentences."""
        return halved_texts(text, body, max_length, sentences=self.distance + 1, separators=2)

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Keep two pieces of each text and label it with their relative position."""
        pieces, rows = self.distance + 1, len(batch.ids)
        columns, able = divided(batch, pieces, noise)
        drawn = noise.integers("position", np.full(rows, 2 * self.distance))  # [B]
        step = np.where(drawn < self.distance, drawn - self.distance, drawn - self.distance + 1)
        earlier = noise.integers("pair", pieces - np.abs(step))  # the earlier of the two pieces
        later = earlier + np.abs(step)
        first, second = np.where(step > 0, earlier, later), np.where(step > 0, later, earlier)
        both = np.stack([first, second], axis=1)  # [B, 2]
        start, size = (np.take_along_axis(each, both, 1) for each in (columns[:, :-1], np.diff(columns)))
        return with_class(arranged(batch, start, size, able, vocabulary), drawn, able)
