"""TSDAE: reconstruct a text from the vector of what is left of it after most of its words were deleted.

Paper: Wang et al., TSDAE: Using Transformer-based Sequential Denoising Auto-Encoder for Unsupervised Sentence Embedding
Learning, Findings of EMNLP 2021, section 3. The encoder reads the remaining words. One vector of its output is all that
the decoder sees of them.

Differences:

* The decoder has few layers and reads the vector in place of [CLS]. The paper's decoder has all layers of the encoder,
  shares their weights, and attends to the vector in each layer. Here the two share their embeddings.
* Examples are segments, which may have several sentences. The recipe limits them to 64 tokens.
* Words are deleted whole. Each one is drawn independently, as in the paper's code; at least one remains.

In: a clean batch. Out: `ids` without the deleted words; target "reconstruction" [B, L - 1], the original text followed
by [SEP].
Requirements: none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import require
from nlp_ssl.objectives._denoising import moved
from nlp_ssl.objectives._small_decoder import WithSmallDecoder
from nlp_ssl.sampling.batch import NO_LABEL, Batch
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import SequenceTargets


@dataclass(frozen=True, kw_only=True)
class TSDAE(WithSmallDecoder):
    """Reconstruct a text from one vector of its remaining words (TSDAE)."""

    deletion: float = 0.6
    """Share of the words to delete. At least one remains."""
    vector: Literal["mean", "cls"] = "mean"
    """The vector that the decoder reads: the mean over the tokens, or the output at [CLS]."""

    name: ClassVar = "tsdae"
    example_type: ClassVar = "segment"
    body: ClassVar = "encoder"
    before_masking: ClassVar = True
    heads: ClassVar = {"reconstruction": "sentence_decoder"}
    saves_heads: ClassVar = False
    paper: ClassVar = (
        "Wang et al., TSDAE: Using Transformer-based Sequential Denoising Auto-Encoder for Unsupervised Sentence "
        "Embedding Learning, Findings of EMNLP 2021, section 3"
    )
    needs: ClassVar = "text"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 < self.deletion < 1, "deletion", self.deletion, "it must lie between 0 and 1")

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Delete words, and set the original text as the target."""
        width = batch.ids.shape[1]
        real = np.arange(width) < batch.length[:, None]
        kept = real & self._kept(batch, vocabulary, noise)
        source = np.argsort(~kept, axis=1, kind="stable")  # kept tokens first, in their order
        left = moved(batch, source, np.count_nonzero(kept, axis=1), vocabulary)
        text = np.where(real, batch.ids, NO_LABEL)[:, 1:]
        return left.with_target("reconstruction", SequenceTargets(tokens=text))

    def _kept(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> npt.NDArray[np.bool_]:
        """Which tokens remain: special tokens, and words whose draw is not below `deletion`. bool [B, L]."""
        text = batch.sentence >= 0
        starts = vocabulary.word_starts[batch.ids]
        starts[:, 1:] |= ~text[:, :-1]  # a word begins after a special token, even "##ing"
        word = np.maximum(np.cumsum(starts & text, axis=1) - 1, 0)
        draw = np.take_along_axis(noise.uniform("delete", batch.ids.shape[1]), word, 1)
        highest = np.where(text, draw, -1).max(axis=1, initial=-1, keepdims=True)
        kept: npt.NDArray[np.bool_] = ~text | (draw >= np.minimum(highest, np.float32(self.deletion)))
        return kept
