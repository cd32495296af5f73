"""Document rotation: write a text from its beginning, when it is read from somewhere else on.

Paper: Lewis et al., BART, ACL 2020, section 2.2 (document rotation): the text is rotated so that it begins with a
token chosen at random; the model is to find where it began.

Departures. A row of n tokens of text begins with its second to n-th token, all equally likely: never with its first,
so that no row of two or more stays as it was. Fairseq's offsets run over the special tokens too, and two of them
leave the text as it is (18 % of the rows of 12 tokens).

In: a clean batch, or one that another corruption of this kind went before. Out: `ids`, `sentence` and `segment`
rotated between [CLS] and the last [SEP]; `sequences["seq2seq_lm"]` [B, T] the text.
Requirements: none. Rows of one token stay as they are.
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
    """Find the beginning of a text that was rotated (BART)."""

    name: ClassVar = "document_rotation"
    example_type: ClassVar = "segment"
    body: ClassVar = "seq2seq"
    before_masking: ClassVar = True
    heads: ClassVar = {"seq2seq_lm": "seq2seq_lm"}
    shares_targets: ClassVar = True
    paper: ClassVar = "Lewis et al., BART, ACL 2020, section 2.2"
    needs: ClassVar = "text"

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Rotate the text, and have it written from its beginning."""
        tokens = batch.length[:, None] - 2  # [B, 1] of text
        offset = 1 + noise.integers("offset", np.maximum(batch.length - 3, 0))[:, None]
        offset[tokens < 2] = 0
        position = np.arange(batch.ids.shape[1])
        source = position + offset
        source -= np.where(source > tokens, tokens, 0)
        source = np.where((position > 0) & (position <= tokens), source, position)
        return moved(with_original(batch), source, batch.length, vocabulary)
