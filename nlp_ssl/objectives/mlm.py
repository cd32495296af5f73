"""Masked language modelling: predict masked tokens from both sides.

Papers: Devlin et al., BERT, NAACL 2019, section 3.1; dynamic masking: Liu et al., RoBERTa, 2019; whole words:
google-research/bert, 2019; spans: Joshi et al., SpanBERT, TACL 2020, section 3.1; n-grams: Lan et al., ALBERT, ICLR
2020, section 3.1; a rate that changes over the run: Yang et al., Learning Better Masking, ACL 2023.

Differences from other implementations:

* Special tokens and padding are never selected (in fairseq and ModernBERT they may be).
* Random replacements are ordinary tokens only (BERT also draws `[unused]` and `[PAD]`).
* Every sequence has at least one target (with Hugging Face's collator short sequences may have none).
* There is no limit of 20 targets per sequence, which in BERT lowers the rate of long sequences.
* Masks change in every epoch (in BERT they are fixed in the data).

All four maskings use one algorithm. Each *unit* (a token or a word) starts a span with a random length and a random
priority. A unit's priority is the minimum over the spans that cover it. Bernoulli masking selects units below a
threshold for which the expected rate is `mlm_probability`. A fixed count selects the units with the lowest priority.

In: a clean batch. Out: corrupted `ids`; target "masked_lm" [B, L], the original tokens at selected positions.
Requirements: none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import require
from nlp_ssl.objectives.base import Objective
from nlp_ssl.sampling.batch import NO_LABEL, Batch
from nlp_ssl.sampling.examples import Body
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import TokenTargets


@dataclass(frozen=True, kw_only=True)
class MaskedLM(Objective):
    """Predict masked tokens from both sides (BERT)."""

    mlm_probability: float = 0.15
    """Share of tokens to predict; with final_probability, at the start of the run."""
    final_probability: float | None = None
    """Share of tokens to predict at the end of the run, if it changes linearly. Validation uses this share."""
    masking: Literal["token", "whole_word", "span", "n_gram"] = "token"
    """Unit of masking: tokens, whole words, spans of words with geometric length (SpanBERT), or n-grams of one to three
    words (ALBERT)."""
    count: Literal["bernoulli", "fixed"] = "bernoulli"
    """Select each unit independently, or a fixed share of every sequence."""
    mask_share: float = 0.8
    """Share of the targets replaced by [MASK]."""
    random_share: float = 0.1
    """Share of the targets replaced by a random token; the rest stay unchanged."""

    name: ClassVar = "mlm"
    example_type: ClassVar = "segment"
    body: ClassVar = "encoder"
    also_bodies: ClassVar[tuple[Body, ...]] = ("seq2seq",)
    heads: ClassVar = {"masked_lm": "masked_lm"}
    masks_tokens: ClassVar = True
    gives_likelihood: ClassVar = True
    paper: ClassVar = "Devlin et al., BERT, NAACL 2019, section 3.1"
    needs: ClassVar = "text"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("mlm_probability", "final_probability"):
            value = getattr(self, name)
            require(value is None or 0 < value < 1, name, value, "it must lie between 0 and 1")
        require(0 <= self.mask_share <= 1, "mask_share", self.mask_share, "it must lie in 0..1")
        require(
            self.random_share >= 0 and self.mask_share + self.random_share <= 1,
            "random_share",
            self.random_share,
            f"mask_share ({self.mask_share}) and random_share may be 1 together",
        )

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Select targets, label them, and replace most of them."""
        chosen, span = self.choose(batch.ids, vocabulary, noise)  # [B, L] each
        row, column = np.nonzero(chosen)  # [T]
        original = batch.ids[row, column]
        labels = np.full_like(batch.ids, NO_LABEL)
        labels[row, column] = original
        # SpanBERT replaces a span as a whole; BERT and ALBERT decide per token.
        fate = noise.uniform_at("fate", row, span[row, column] if self.masking == "span" else column)
        word = noise.uniform_at("word", row, column)
        random = vocabulary.ordinary[(word * len(vocabulary.ordinary)).astype(np.int64)]
        replaced = np.where(fate < self.mask_share + self.random_share, random, original)
        replaced[fate < self.mask_share] = vocabulary.mask
        ids = batch.ids.copy()
        ids[row, column] = replaced
        return replace(batch, ids=ids).with_target("masked_lm", TokenTargets(labels=labels))

    def choose(
        self, ids: npt.NDArray[np.int64], vocabulary: Vocabulary, noise: Noise, stream: str = "mask"
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
        """Select the targets of `ids` [B, L] by the draws of a stream of noise; special tokens are none.

        Returns whether each token is one, bool [B, L], and the start of the span that it comes from, int64 [B, L].
        """
        priority, span = self._priorities(ids, vocabulary, noise, stream)
        return self._choose(priority, self._rate(noise)), span

    def _priorities(
        self, ids: npt.NDArray[np.int64], vocabulary: Vocabulary, noise: Noise, stream: str
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Each token's priority (2 for special tokens) and the start of the span that it comes from, both [B, L]."""
        width = ids.shape[1]
        candidate = ~vocabulary.special[ids]
        if self.masking == "token":
            priority = noise.uniform(stream, width)
            span = np.broadcast_to(np.arange(width), ids.shape)
        else:
            starts = vocabulary.word_starts[ids]
            starts[:, 1:] |= ~candidate[:, :-1]  # a word begins after a special token, even "##ing"
            unit = np.maximum(np.cumsum(starts & candidate, axis=1) - 1, 0)
            # Spans may start before the sequence, so that its first words are covered as often as others.
            before = len(self._longer) - 1
            draw = noise.uniform(stream, width + before)
            spans = 1 + np.searchsorted(-self._longer[1:], -noise.uniform("length", width + before), side="right")
            lowest, first = draw[:, before:].copy(), np.tile(np.arange(before, before + width), (len(ids), 1))
            for back in range(1, before + 1):
                here = slice(before - back, before - back + width)
                better = (spans[:, here] > back) & (draw[:, here] < lowest)
                lowest[better] = draw[:, here][better]
                first[better] = (np.nonzero(better)[1] + before) - back
            priority, span = np.take_along_axis(lowest, unit, 1), np.take_along_axis(first, unit, 1)
        return np.where(candidate, priority, np.float32(2)), span

    def _rate(self, noise: Noise) -> float:
        """The share of tokens to predict in this step."""
        if self.final_probability is None:
            return self.mlm_probability
        return self.mlm_probability + noise.done * (self.final_probability - self.mlm_probability)

    def _choose(self, priority: npt.NDArray[np.float32], rate: float) -> npt.NDArray[np.bool_]:
        """Select a share `rate` of the tokens as targets, at least one per sequence. bool [B, L]."""
        if self.count == "fixed":
            tokens = np.count_nonzero(priority < 1, axis=1)
            count = np.minimum(np.maximum(1, np.floor(rate * tokens + 0.5)), tokens)
            rank = np.argsort(np.argsort(priority, axis=1, kind="stable"), axis=1)
            fixed: npt.NDArray[np.bool_] = rank < count[:, None]  # may cut the last span, as in BERT
            return fixed
        chosen = priority < _threshold(rate, tuple(self._longer))
        lacking = np.flatnonzero(~chosen.any(axis=1))
        lowest = priority[lacking].min(axis=1, keepdims=True)
        chosen[lacking] = (priority[lacking] == lowest) & (lowest < 1)
        return chosen

    @cached_property
    def _longer(self) -> npt.NDArray[np.float64]:
        """Element k is the probability that a span is longer than k units."""
        if self.masking == "span":
            chance = 0.2 * 0.8 ** np.arange(10)  # SpanBERT: geometric(0.2), at most 10
        elif self.masking == "n_gram":
            chance = 1 / np.arange(1, 4)  # ALBERT: p(n) proportional to 1/n for n = 1..3
        else:
            chance = np.ones(1)
        return np.cumsum((chance / chance.sum())[::-1])[::-1]


@lru_cache(1000)
def _threshold(rate: float, longer: tuple[float, ...]) -> float:
    """The probability s that a span starts at a unit, such that each unit is covered with probability `rate`.

    Solves 1 - rate = product over k of (1 - s * longer[k]), where longer[k] is the probability of more than k units.
    """
    from scipy.optimize import brentq  # slow to import

    chances = np.array(longer)
    return float(brentq(lambda s: np.prod(1 - s * chances) - (1 - rate), 0, 1))
