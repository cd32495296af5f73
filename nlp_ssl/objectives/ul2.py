"""UL2's mixture of denoisers: regular and extreme span corruption, and prefix language modelling, told by a mode token.

Paper: Tay et al., UL2, ICLR 2023, section 3.1 and table 1. Each example gets one of seven denoisers at random: R with
spans of 3 or 8 tokens and 15 %; X with spans of 3 or 8 tokens and 50 %, or of 64 tokens and 15 or 50 %; S, prefix
language modelling. A mode token at the front tells which.

Differences: Examples of at most 128 tokens do not get spans of 64 tokens, which would be all or half of them. The mode
token stands behind [CLS]. Rounding as in `span_corruption`.

In: a clean batch. Out: `ids` `[CLS] [R] … [SEP]` with sentinels in place of spans; target "seq2seq_lm" [B, T], the
spans behind their sentinels, or the rest of the text.
Requirements: sentinels and mode tokens, which `prepare` reserves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.objectives._spans import draw_spans, draw_suffix, text_lengths, to_decoder, with_lead
from nlp_ssl.objectives.base import Objective
from nlp_ssl.sampling.batch import NO_LABEL, Batch
from nlp_ssl.sampling.examples import Body, ExampleIndex, TokenStream
from nlp_ssl.sampling.noise import Noise

DENOISERS = (
    ("[R]", 0.15, 3.0),
    ("[R]", 0.15, 8.0),
    ("[S]", 0.0, 1.0),
    ("[X]", 0.5, 3.0),
    ("[X]", 0.5, 8.0),
    ("[X]", 0.15, 64.0),
    ("[X]", 0.5, 64.0),
)
"""Mode, share of tokens in spans, and mean length of the spans."""
LONG = 128
"""Tokens of an example above which the last two denoisers, with spans of 64 tokens, are used."""


@dataclass(frozen=True, kw_only=True)
class UL2(Objective):
    """Write what is missing: short spans, long or many spans, or the rest of the text (UL2)."""

    name: ClassVar = "ul2"
    example_type: ClassVar = "segment"
    body: ClassVar = "seq2seq"
    before_masking: ClassVar = True
    heads: ClassVar = {"seq2seq_lm": "seq2seq_lm"}
    reserved_tokens: ClassVar = ("sentinels", "modes")
    paper: ClassVar = "Tay et al., UL2, ICLR 2023, section 3.1"
    needs: ClassVar = "text"

    def examples(self, text: TokenStream, vocabulary: Vocabulary, body: Body, max_length: int) -> ExampleIndex:
        """Segments that leave a place for the mode token."""
        return super().examples(text, vocabulary, body, max_length - 1)

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Give each row a denoiser and its mode token."""
        tokens = text_lengths(batch)
        denoiser = noise.integers("denoiser", np.where(tokens > LONG, len(DENOISERS), len(DENOISERS) - 2))
        ratio = np.array([share for _, share, _ in DENOISERS])[denoiser]
        mean = np.array([length for _, _, length in DENOISERS])[denoiser]
        begin, length = draw_spans(tokens, ratio, mean, len(vocabulary.sentinels), noise)
        mark = np.broadcast_to(vocabulary.sentinels[: begin.shape[1]], begin.shape).copy()
        sequential = np.array([mode == "[S]" for mode, _, _ in DENOISERS])[denoiser]
        start, rest = draw_suffix(tokens, noise)
        begin[sequential, :1], length[sequential, :1] = start[sequential], rest[sequential]
        mark[sequential] = NO_LABEL
        lead = np.array([vocabulary.modes[mode] for mode, _, _ in DENOISERS])[denoiser]
        return with_lead(to_decoder(batch, begin, length, mark, vocabulary), lead, vocabulary)
