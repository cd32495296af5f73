"""Document rotation: reconstruct a text that was rotated to begin at a random token.

Paper: Lewis et al., BART, ACL 2020, section 2.2 (document rotation).

Differences from fairseq: A text of n tokens begins with its second to n-th token with equal probability, so every text
of two or more tokens changes. Fairseq's offsets include special tokens, and two of them leave the text unchanged (18 %
of sequences of 12 tokens).

In: a clean batch, or one from another denoising objective. Out: `ids`, `sentence` and `token_type_ids` rotated between
[CLS] and the last [SEP]; target "seq2seq_lm" [B, T], the original text.
Requirements: none. Sequences of one token stay unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.objectives._denoising import moved, with_original
from nlp_ssl.objectives.base import Objective
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.noise import Noise


@dataclass(frozen=True, kw_only=True)
class DocumentRotation(Objective):
    """Reconstruct a rotated text (BART)."""

    name: ClassVar = "document_rotation"
    example_type: ClassVar = "segment"
    body: ClassVar = "seq2seq"
    before_masking: ClassVar = True
    heads: ClassVar = {"seq2seq_lm": "seq2seq_lm"}
    shares_targets: ClassVar = True
    trains_tasks: ClassVar = ("half_order",)
    paper: ClassVar = "Lewis et al., BART, ACL 2020, section 2.2"
    needs: ClassVar = "text"

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Rotate the text and set the original as target."""
        tokens = batch.length[:, None] - 2  # [B, 1] text tokens
        offset = 1 + noise.integers("offset", np.maximum(batch.length - 3, 0))[:, None]
        offset[tokens < 2] = 0
        position = np.arange(batch.ids.shape[1])
        source = position + offset
        source -= np.where(source > tokens, tokens, 0)
        source = np.where((position > 0) & (position <= tokens), source, position)
        return moved(with_original(batch), source, batch.length, vocabulary)
