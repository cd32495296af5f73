"""Prefix language modelling: a decoder continues the text that the encoder reads.

Papers: Liu et al., Generating Wikipedia by Summarizing Long Sequences, ICLR 2018; Raffel et al., T5, JMLR 2020, section
3.3.1 (as a pretraining objective of an encoder-decoder).

Differences: None. The length of the prefix is uniform between one token and all but one.

In: a clean batch. Out: `ids` of the prefix, `[CLS] prefix [SEP]`; target "seq2seq_lm" [B, T], the rest and [SEP].
Requirements: none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.objectives._spans import draw_suffix, text_lengths, to_decoder
from nlp_ssl.objectives.base import Objective
from nlp_ssl.sampling.batch import NO_LABEL, Batch
from nlp_ssl.sampling.noise import Noise


@dataclass(frozen=True, kw_only=True)
class PrefixLM(Objective):
    """Continue a text from a prefix."""

    name: ClassVar = "prefix_lm"
    example_type: ClassVar = "segment"
    body: ClassVar = "seq2seq"
    before_masking: ClassVar = True
    heads: ClassVar = {"seq2seq_lm": "seq2seq_lm"}
    paper: ClassVar = "Raffel et al., T5, JMLR 2020, section 3.3.1"
    needs: ClassVar = "text"

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Divide each text into the input and the decoder's target."""
        begin, length = draw_suffix(text_lengths(batch), noise)
        return to_decoder(batch, begin, length, np.full_like(begin, NO_LABEL), vocabulary)
