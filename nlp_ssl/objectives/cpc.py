"""Contrastive predictive coding: tell the next sentences of a text from sentences of other texts in the batch.

Paper: van den Oord et al., Representation Learning with Contrastive Predictive Coding, 2018, sections 2 and 3.3. The
vector of the text so far is projected once for each distance. The projection must have a higher product with the vector
of the sentence at that distance than with the others.

Differences:

* The model encodes the text so far as one sequence (the paper encodes sentences and runs a GRU over their vectors), and
  each next sentence as another.
* Each example is one prediction for each distance: the context is everything but its last sentences. The paper predicts
  from every sentence of a text.
* Products are divided by the square root of the width, as in attention.
* Sentences of the same document are not negatives of each other.

In: a clean batch of segments. Out: view "main" `[CLS] context [SEP]`; views "next 1", "next 2", … `[CLS] sentence
[SEP]`; target "cpc" for every example with enough sentences, grouped by document.
Requirements: documents with at least one sentence more than there are distances, and several of them in a batch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import require
from nlp_ssl.objectives._denoising import cut_width, moved
from nlp_ssl.objectives.base import Objective
from nlp_ssl.sampling.batch import Batch, View
from nlp_ssl.sampling.examples import Body, ExampleIndex, TokenStream, find_examples
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import BatchTargets


@dataclass(frozen=True, kw_only=True)
class ContrastivePredictiveCoding(Objective):
    """Identify the next sentences of a text in the batch (CPC)."""

    distances: int = 3
    """Number of sentences to predict after the context. Each distance has its own projection."""

    name: ClassVar = "cpc"
    example_type: ClassVar = "segment"
    body: ClassVar = "encoder"
    before_masking: ClassVar = True
    heads: ClassVar = {"cpc": "future_sentences"}
    saves_heads: ClassVar = False
    trains_tasks: ClassVar = ("next_sentence",)
    paper: ClassVar = (
        "van den Oord et al., Representation Learning with Contrastive Predictive Coding, arXiv 2018, "
        "sections 2 and 3.3"
    )
    asks: ClassVar = "the sentences that follow this example, among those of the whole batch"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(1 <= self.distances <= 100, "distances", self.distances, "it must lie in 1..100")

    @property
    def needs(self) -> str:  # type: ignore[override]
        """A context, and a sentence for each distance."""
        remedy = "raise --batch.max-length, lower --objective.cpc.distances, or prepare longer documents"
        return f"{1 + self.distances} sentences in a row that fit into one example ({remedy})"

    def examples(self, text: TokenStream, vocabulary: Vocabulary, body: Body, max_length: int) -> ExampleIndex:
        """Segments with a context and a sentence for each distance. Their class is their document."""
        found = find_examples(text, self.example_type, body, max_length, 1 + self.distances)
        return replace(found, example_class=text.document_of(found.start))

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Divide each text into a context and the sentences after it."""
        sentences = batch.sentence.max(axis=1, initial=-1).astype(np.int64) + 1  # [B]
        before = np.maximum(sentences - self.distances, 1)  # sentences in the context
        end = 1 + _tokens(batch, before)  # [B] column behind the context
        views, start = dict(batch.views), end
        for distance in range(1, self.distances + 1):
            stop = 1 + _tokens(batch, before + distance)
            views[f"next {distance}"] = _sequence(batch, start, stop - start, vocabulary)
            start = stop
        position = np.arange(batch.ids.shape[1])
        source = np.where(position == end[:, None], batch.length[:, None] - 1, position)  # [SEP] behind the context
        context = moved(batch, source, end + 1, vocabulary)
        targets = BatchTargets(valid=sentences > self.distances, group=batch.example_class)
        return replace(context, views=views).with_target("cpc", targets)


def _tokens(batch: Batch, sentences: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The number of tokens in the first `sentences` [B] sentences of each example. int64 [B]."""
    found: npt.NDArray[np.int64] = np.sum((batch.sentence >= 0) & (batch.sentence < sentences[:, None]), axis=1)
    return found


def _sequence(
    batch: Batch, start: npt.NDArray[np.int64], length: npt.NDArray[np.int64], vocabulary: Vocabulary
) -> View:
    """`[CLS] tokens [SEP]` with the `length` [B] tokens from column `start` [B]."""
    position = np.arange(cut_width(length + 2))
    source = np.clip(start[:, None] + position - 1, 0, batch.ids.shape[1] - 1)
    ids = np.take_along_axis(batch.ids, source, 1)
    ids[:, 0] = vocabulary.cls
    ids[np.arange(len(ids)), length + 1] = vocabulary.sep
    ids[position >= length[:, None] + 2] = vocabulary.pad
    return View(ids=ids, length=length + 2)
