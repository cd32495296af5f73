"""Skip-thought: generate the previous and the next sentence from the vector of a sentence.

Paper: Kiros et al., Skip-Thought Vectors, NIPS 2015, section 2.1. The encoder's mean-pooled output represents the
sentence. Two decoders, one per neighbour, see only this vector and the tokens generated so far.

Differences:

* Transformers replace GRUs. The decoder reads the vector instead of [CLS]; the paper feeds it to every gate, its code
  to the initial state.
* Neighbours belong to the same document (the code treats a corpus as one list of sentences).
* Triples that do not fit into a sequence are skipped and counted (the code skips sentences of 30 or more words).
* Decoders share the encoder's embeddings for input and output, as in the code.
* The loss is the mean over tokens, not the sum.

In: a clean batch of triples, `[CLS] previous centre next [SEP]`. Out: `ids` reduced to `[CLS] centre [SEP]`; targets
"previous" and "next" [B, T], the neighbours followed by [SEP].
Requirements: documents of three or more sentences.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.objectives._denoising import WIDTH_MULTIPLE, moved
from nlp_ssl.objectives._small_decoder import WithSmallDecoder
from nlp_ssl.sampling.batch import NO_LABEL, Batch
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import SequenceTargets


@dataclass(frozen=True, kw_only=True)
class SkipThought(WithSmallDecoder):
    """Generate the neighbouring sentences from a sentence's vector (skip-thought)."""

    name: ClassVar = "skip_thought"
    example_type: ClassVar = "triple"
    body: ClassVar = "encoder"
    before_masking: ClassVar = True
    heads: ClassVar = {"previous": "sentence_decoder", "next": "sentence_decoder"}
    saves_heads: ClassVar = False
    trains_tasks: ClassVar = ("next_sentence",)
    paper: ClassVar = "Kiros et al., Skip-Thought Vectors, NIPS 2015, section 2.1"
    needs: ClassVar = (
        "three sentences in a row that fit into one example (raise --batch.max-length, or prepare longer documents)"
    )

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Keep the centre sentence and set its neighbours as targets."""
        before, centre, after = (np.count_nonzero(batch.sentence == n, axis=1) for n in range(3))  # [B] tokens each
        previous = _sentence(batch, vocabulary, np.ones_like(before), before)
        following = _sentence(batch, vocabulary, 1 + before + centre, after)
        position = np.arange(batch.ids.shape[1])
        source = np.where(position > 0, np.minimum(position + before[:, None], batch.ids.shape[1] - 1), 0)
        source = np.where(position == centre[:, None] + 1, batch.length[:, None] - 1, source)
        kept = moved(batch, source, centre + 2, vocabulary)
        with_previous = kept.with_target("previous", SequenceTargets(tokens=previous))
        return with_previous.with_target("next", SequenceTargets(tokens=following))


def _sentence(
    batch: Batch, vocabulary: Vocabulary, start: npt.NDArray[np.int64], length: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """`length` [B] tokens from column `start` [B], then [SEP], padded with NO_LABEL. [B, T]."""
    width = -(-(int(length.max(initial=0)) + 1) // WIDTH_MULTIPLE) * WIDTH_MULTIPLE
    position = np.arange(width)
    source = np.minimum(start[:, None] + position, batch.ids.shape[1] - 1)
    tokens = np.where(position < length[:, None], np.take_along_axis(batch.ids, source, 1), NO_LABEL)
    tokens[np.arange(len(tokens)), length] = vocabulary.sep
    return tokens
