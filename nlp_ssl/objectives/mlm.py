"""Masked language modelling: predict some tokens of a text from all the others.

Paper: Devlin et al., BERT, NAACL 2019, section 3.1; rates and dynamic masking as Liu et al., RoBERTa, 2019.
Whole words: google-research/bert, 2019. Spans: Joshi et al., SpanBERT, TACL 2020, section 3.1. N-grams: Lan
et al., ALBERT, ICLR 2020, section 3.1.

Departures. Special tokens and padding are never chosen (fairseq and ModernBERT may choose them); replacements
are drawn from ordinary tokens alone (BERT draws `[unused]` and `[PAD]` too); every row has at least one
target (Hugging Face's collator leaves short rows without); BERT's cap of 20 targets a row, which silently
lowers the rate of long rows, does not exist. Masks change every epoch (BERT's are fixed in the data).

All four maskings are one algorithm. Each *unit* (a token or a word) starts a span of a drawn length under a
drawn priority; a unit's own priority is the smallest among the spans that cover it. Bernoulli masking takes
the units below a threshold, solved so that the expected rate is `mlm_probability`; a fixed count takes the
units of smallest priority.

In: a clean batch. Out: `ids` corrupted, `labels["masked_lm"]` [B, L] the original tokens at the chosen positions.
Requirements: none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import require
from nlp_ssl.objectives.base import Objective
from nlp_ssl.sampling.batch import NO_LABEL, Batch
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import TokenTargets


@dataclass(frozen=True, kw_only=True)
class MaskedLM(Objective):
    """Predict masked tokens from both sides (BERT)."""

    mlm_probability: float = 0.15
    """Share of tokens to predict."""
    masking: Literal["token", "whole_word", "span", "n_gram"] = "token"
    """What is masked together: a token; a word; a run of words, its length geometric (SpanBERT); one to three
    words (ALBERT)."""
    count: Literal["bernoulli", "fixed"] = "bernoulli"
    """Targets in a row: each unit drawn on its own, or the same share of every row."""
    mask_share: float = 0.8
    """Share of the targets that become [MASK]."""
    random_share: float = 0.1
    """Share of the targets that become a random token; the rest stay as they are."""

    name: ClassVar = "mlm"
    example_type: ClassVar = "segment"
    body: ClassVar = "encoder"
    also_bodies: ClassVar = ("seq2seq",)
    heads: ClassVar = {"masked_lm": "masked_lm"}
    masks_tokens: ClassVar = True
    gives_likelihood: ClassVar = True
    paper: ClassVar = "Devlin et al., BERT, NAACL 2019, section 3.1"
    needs: ClassVar = "text"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            0 < self.mlm_probability < 1,
            "mlm_probability",
            self.mlm_probability,
            "it must lie between 0 and 1",
        )
        require(0 <= self.mask_share <= 1, "mask_share", self.mask_share, "it must lie in 0..1")
        require(
            0 <= self.random_share <= 1 - self.mask_share,
            "random_share",
            self.random_share,
            f"mask_share ({self.mask_share}) and random_share may be 1 together",
        )

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Choose targets, label them, and replace most of them."""
        priority, span = self._priorities(batch.ids, vocabulary, noise)  # [B, L] each
        row, column = np.nonzero(self._choose(priority))  # [T]
        original = batch.ids[row, column]
        labels = np.full_like(batch.ids, NO_LABEL)
        labels[row, column] = original
        # A span is replaced as a whole (SpanBERT); otherwise each token meets its own fate (BERT, ALBERT).
        fate = noise.uniform_at("fate", row, span[row, column] if self.masking == "span" else column)
        word = noise.uniform_at("word", row, column)
        random = vocabulary.ordinary[(word * len(vocabulary.ordinary)).astype(np.int64)]
        replaced = np.where(fate < self.mask_share + self.random_share, random, original)
        replaced[fate < self.mask_share] = vocabulary.mask
        ids = batch.ids.copy()
        ids[row, column] = replaced
        return replace(batch, ids=ids).with_target("masked_lm", TokenTargets(labels=labels))

    def _priorities(
        self, ids: npt.NDArray[np.int64], vocabulary: Vocabulary, noise: Noise
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """For every token the smallest draw of the spans that cover it (2 for special tokens), and that span."""
        width = ids.shape[1]
        candidate = ~vocabulary.special[ids]
        if self.masking == "token":
            priority = noise.uniform("mask", width)
            span = np.broadcast_to(np.arange(width), ids.shape)
        else:
            starts = vocabulary.word_starts[ids]
            starts[:, 1:] |= ~candidate[:, :-1]  # what follows a special token begins a word, even "##ing"
            unit = np.maximum(np.cumsum(starts & candidate, axis=1) - 1, 0)
            # Spans may also start before the row, so that its first words are covered as often as any.
            before = len(self._longer) - 1
            draw = noise.uniform("mask", width + before)
            spans = 1 + np.searchsorted(-self._longer[1:], -noise.uniform("length", width + before), side="right")
            lowest, first = draw[:, before:].copy(), np.tile(np.arange(before, before + width), (len(ids), 1))
            for back in range(1, before + 1):
                here = slice(before - back, before - back + width)
                better = (spans[:, here] > back) & (draw[:, here] < lowest)
                lowest[better] = draw[:, here][better]
                first[better] = (np.nonzero(better)[1] + before) - back
            priority, span = np.take_along_axis(lowest, unit, 1), np.take_along_axis(first, unit, 1)
        return np.where(candidate, priority, np.float32(2)), span

    def _choose(self, priority: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
        """The targets: bool [B, L], at least one a row."""
        if self.count == "fixed":
            tokens = np.count_nonzero(priority < 1, axis=1)
            count = np.minimum(np.maximum(1, np.floor(self.mlm_probability * tokens + 0.5)), tokens)
            rank = np.argsort(np.argsort(priority, axis=1, kind="stable"), axis=1)
            fixed: npt.NDArray[np.bool_] = rank < count[:, None]  # the last span may be cut, as BERT's
            return fixed
        chosen = priority < self._threshold
        lacking = np.flatnonzero(~chosen.any(axis=1))
        lowest = priority[lacking].min(axis=1, keepdims=True)
        chosen[lacking] = (priority[lacking] == lowest) & (lowest < 1)
        return chosen

    @cached_property
    def _longer(self) -> npt.NDArray[np.float64]:
        """`[k]`: the chance that a span is longer than k units; as long as the longest span."""
        if self.masking == "span":
            chance = 0.2 * 0.8 ** np.arange(10)  # geometric(0.2) cut at 10, SpanBERT's
        elif self.masking == "n_gram":
            chance = 1 / np.arange(1, 4)  # p(n) ~ 1/n for n = 1..3, ALBERT's
        else:
            chance = np.ones(1)
        return np.cumsum((chance / chance.sum())[::-1])[::-1]

    @cached_property
    def _threshold(self) -> float:
        """The chance s that a span starts at a unit, for which a unit is covered with `mlm_probability`.

        A unit stays uncovered if none of the spans that could reach it starts:
        1 - mlm_probability = product over k of (1 - s * P(length > k)).
        """
        from scipy.optimize import brentq  # a third of a second to import, which --help need not wait for

        return float(brentq(lambda s: np.prod(1 - s * self._longer) - (1 - self.mlm_probability), 0, 1))
