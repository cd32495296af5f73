"""Span corruption: a decoder writes the spans that were replaced by sentinels in the encoder's input.

Paper: Raffel et al., T5, JMLR 2020, section 3.1.4. 15 % of the tokens are in spans of three tokens on average. Each
span is replaced by a sentinel of its own, and the target is each sentinel followed by its span.

Differences from T5's code: The numbers of removed tokens and of spans are rounded at random instead of to the nearest
number, so that short examples have the declared rate on average. An example may begin with a span and need not end with
one. The target ends with [SEP].

In: a clean batch. Out: `ids` with sentinels in place of spans, with fewer tokens; target "seq2seq_lm" [B, T], the spans
behind their sentinels.
Requirements: sentinel tokens, which `prepare` reserves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import require
from nlp_ssl.objectives._spans import draw_spans, text_lengths, to_decoder
from nlp_ssl.objectives.base import Objective
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.noise import Noise


@dataclass(frozen=True, kw_only=True)
class SpanCorruption(Objective):
    """Write the spans that were replaced by sentinels (T5)."""

    ratio: float = 0.15
    """Share of tokens in spans."""
    mean_length: float = 3.0
    """Mean length of the spans in tokens."""

    name: ClassVar = "span_corruption"
    example_type: ClassVar = "segment"
    body: ClassVar = "seq2seq"
    before_masking: ClassVar = True
    heads: ClassVar = {"seq2seq_lm": "seq2seq_lm"}
    reserved_tokens: ClassVar = ("sentinels",)
    paper: ClassVar = "Raffel et al., T5, JMLR 2020, section 3.1.4"
    needs: ClassVar = "text"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 < self.ratio < 1, "ratio", self.ratio, "it must lie between 0 and 1")
        require(1 <= self.mean_length <= 100, "mean_length", self.mean_length, "it must lie in 1..100")

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Replace spans by sentinels and make them the decoder's target."""
        tokens = text_lengths(batch)
        share, mean = np.full(len(tokens), self.ratio), np.full(len(tokens), self.mean_length)
        begin, length = draw_spans(tokens, share, mean, len(vocabulary.sentinels), noise)
        sentinels = np.broadcast_to(vocabulary.sentinels[: begin.shape[1]], begin.shape)
        return to_decoder(batch, begin, length, sentinels, vocabulary)
