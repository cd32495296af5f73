"""Sentence permutation: reconstruct a text whose sentences were shuffled.

Paper: Lewis et al., BART, ACL 2020, section 2.2 (sentence permutation).

Differences from fairseq:

* Sentences are those of the corpus. Fairseq's end only at a full stop, and with most tokenizers nowhere.
* The order always changes (in fairseq half of the two-sentence texts keep theirs). It is uniform over all other orders:
  drawn up to `TRIES` times, then rotated by one sentence. With three sentences 1 sequence in 1,296 is rotated.
* With a ratio below 1 at least two sentences are permuted. Fairseq has no such option.

In: a clean batch, or one from another denoising objective. Out: `ids`, `sentence` and `token_type_ids` rearranged
between [CLS] and the last [SEP]; target "seq2seq_lm" [B, T], the original text. Sequences of one sentence are
unchanged. Requirements: at least one example with two sentences.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import require
from nlp_ssl.objectives._denoising import moved, with_original
from nlp_ssl.objectives.base import Objective
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.examples import Body, ExampleIndex, TokenStream
from nlp_ssl.sampling.noise import Noise

TRIES = 4
"""Maximum number of draws to find an order that differs from the original."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class SentencePermutation(Objective):
    """Restore the order of shuffled sentences (BART)."""

    ratio: float = 1.0
    """Share of sentences to permute, at least two; the others keep their positions."""

    name: ClassVar = "sentence_permutation"
    example_type: ClassVar = "segment"
    body: ClassVar = "seq2seq"
    before_masking: ClassVar = True
    heads: ClassVar = {"seq2seq_lm": "seq2seq_lm"}
    shares_targets: ClassVar = True
    metrics: ClassVar = "nlp_ssl.heads.order_metrics"
    trains_tasks: ClassVar = ("next_sentence",)
    paper: ClassVar = "Lewis et al., BART, ACL 2020, section 2.2"
    needs: ClassVar = (
        "two sentences in a row that fit into one example (raise --batch.max-length, or prepare longer documents)"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 < self.ratio <= 1, "ratio", self.ratio, "it must be above 0 and at most 1")

    def examples(self, text: TokenStream, vocabulary: Vocabulary, body: Body, max_length: int) -> ExampleIndex:
        """All segments, including those of one sentence; none if no segment has two sentences."""
        found = super().examples(text, vocabulary, body, max_length)
        inner, _ = text.sentences(found.start, found.length.astype(np.int64))
        return found if len(inner) else found.take(np.arange(0))

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Permute the sentences and set the original text as target."""
        sentence = batch.sentence
        begins = np.zeros(sentence.shape, np.bool_)
        begins[:, 1:] = (sentence[:, 1:] != sentence[:, :-1]) & (sentence[:, 1:] >= 0)
        nth = np.cumsum(begins, axis=1, dtype=np.int16) - 1  # [B, L]: index of the sentence from the left
        place = self._places(nth[:, -1] + 1, noise)  # [B, S]
        key = np.take_along_axis(place, np.maximum(nth, 0).astype(np.int64), 1)
        key[:, :1], key[:, 1:][sentence[:, 1:] < 0] = -1, place.shape[1]  # [CLS]; [SEP] and padding
        source = np.argsort(key, axis=1, kind="stable")  # by the sentence's new place, then by position
        return moved(with_original(batch), source, batch.length, vocabulary)

    def _places(self, count: npt.NDArray[np.int16], noise: Noise) -> npt.NDArray[np.int16]:
        """The new position [B, S] of each sentence, for sequences of `count` [B] sentences."""
        width = max(1, int(count.max(initial=0)))
        number = np.arange(width)
        wanted = np.minimum(count, np.maximum(2, np.ceil(self.ratio * count - 1e-9)))[:, None]  # [B, 1]
        lot = np.where(number < count[:, None], noise.uniform("which", width), 2)
        part = np.argsort(np.argsort(lot, axis=1, kind="stable"), axis=1) < wanted
        here = np.argsort(~part, axis=1, kind="stable")  # positions of permuted sentences, then of the others
        # Fallback: rotate by one.
        turned = np.take_along_axis(here, np.where(number < wanted, (number + 1) % wanted.astype(np.int64), number), 1)
        order, todo = turned, np.flatnonzero(wanted > 1)
        for draw in range(TRIES):
            lot = np.where(part[todo], noise.take(todo).uniform(f"order {draw}", width), 2)
            drawn = np.argsort(lot, axis=1, kind="stable")  # equals `here` after the permuted sentences
            other = (drawn != here[todo]).any(axis=1)
            order[todo[other]] = drawn[other]
            todo = todo[~other]
        place = np.empty(order.shape, np.int16)
        np.put_along_axis(place, order, here.astype(np.int16), 1)
        return place
