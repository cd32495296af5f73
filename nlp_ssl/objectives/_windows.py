"""Shared code of CBOW and skip-gram: subsampling of frequent words, context windows and negative samples.

Papers: Mikolov et al., Distributed Representations of Words and Phrases, NeurIPS 2013, sections 2.2 and 2.3. Random
window sizes: Mikolov et al., Efficient Estimation of Word Representations in Vector Space, ICLR Workshop 2013.

A word with relative frequency f is kept with probability sqrt(t/f) + t/f, as in the code of word2vec and gensim (the
paper has sqrt(t/f)). Subsampling comes before windows are drawn, so that windows reach further.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import require
from nlp_ssl.objectives.base import Objective
from nlp_ssl.sampling.batch import NO_LABEL, Batch
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import WindowTargets

WIDTH_MULTIPLE = 16
"""Subsampled sequences are padded to a multiple of this, to keep the number of shapes small."""


@dataclass(frozen=True)
class Shares:
    """Per word [V]: the probability `stays` of surviving subsampling, and the alias table for negative samples.

    A draw selects one of V equally likely boxes, then its own word with probability `own`, otherwise the word `alias`.
    """

    stays: npt.NDArray[np.float32]
    own: npt.NDArray[np.float64]
    alias: npt.NDArray[np.int64]
    frequency_loss: float
    """`WindowTargets.frequency_loss`."""

    def draw(self, bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
        """Draw one word per 64 random bits. int64, the shape of `bits`."""
        place = (bits >> np.uint64(11)) * (2.0**-53 * len(self.own))  # in [0, V)
        box = place.astype(np.int64)
        return np.where(place - box < self.own[box], box, self.alias[box])


def alias_table(share: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """The arrays own [V] and alias [V] of the alias method (Walker 1977; Vose 1991) for probabilities `share` [V]."""
    own = share * len(share)
    alias = np.arange(len(share))
    poor, rich = np.flatnonzero(own < 1).tolist(), np.flatnonzero(own >= 1).tolist()
    while poor and rich:
        box, giver = poor.pop(), rich[-1]
        alias[box] = giver
        own[giver] -= 1 - own[box]
        if own[giver] < 1:
            poor.append(rich.pop())
    own[poor + rich] = 1  # left over by rounding
    return own, alias


def frequency_loss(predicted: npt.NDArray[np.float64], negatives: npt.NDArray[np.float64]) -> float:
    """The expected negative-sampling loss of the best scores that depend on the predicted word alone, in nats.

    `predicted` [V] are the probabilities of the predicted words, `negatives` [V] the expected numbers of negative
    samples per target. The best score of a word is the log odds of being real (Levy and Goldberg, NeurIPS 2014,
    section 3.1).
    """
    real, drawn = predicted, negatives * (1 - predicted)  # a word is not its own negative sample
    there = (real > 0) & (drawn > 0)
    odds = real[there] / drawn[there]
    return float((real[there] * np.log1p(1 / odds) + drawn[there] * np.log1p(odds)).sum())


@dataclass(frozen=True, kw_only=True)
class Windows(Objective):
    """Base class of the word2vec objectives."""

    window: int = 5
    """Maximum context size on either side. Each word draws its own size from 1 to this."""
    negative: int = 5
    """Negative samples per positive pair."""
    exponent: float = 0.75
    """Negative samples are drawn with probability proportional to count ** exponent."""
    sample: float = 1e-3
    """Words with a higher relative frequency than this are subsampled; 0 keeps all words."""
    shared: int = 64
    """Negative samples drawn per sequence. Its words take `negative` of them each, in turn."""

    example_type: ClassVar = "segment"
    body: ClassVar = "static"
    heads: ClassVar = {"windows": "negative_sampling"}
    counts_pairs: ClassVar[bool]
    """Whether a target is a pair of word and context word (skip-gram) instead of a word (CBOW)."""
    needs: ClassVar = "text"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.window >= 1, "window", self.window, "it must be at least 1")
        require(self.negative >= 1, "negative", self.negative, "it must be at least 1")
        require(0 <= self.sample < 1, "sample", self.sample, "it must be a share of the text: at least 0, below 1")
        require(self.shared >= 1, "shared", self.shared, "it must be at least 1")

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Subsample words, then draw the window of each word and the negative samples of each sequence."""
        known = self._shares(vocabulary)
        rows, before = batch.ids.shape
        kept = noise.uniform("subsample", before) < known.stays[batch.ids]
        kept &= batch.sentence >= 0
        row, column = np.nonzero(kept)  # [N] each: the words that are kept
        length = np.count_nonzero(kept, axis=1)
        place = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)  # [N]: column after subsampling
        width = min(before, -(-int(length.max(initial=1)) // WIDTH_MULTIPLE) * WIDTH_MULTIPLE)
        word, of_sentence = batch.ids[row, column], batch.sentence[row, column]

        begins = np.ones(len(row) + 1, np.bool_)  # [N + 1]: whether a sentence begins here
        begins[1:-1] = (of_sentence[1:] != of_sentence[:-1]) | (row[1:] != row[:-1])
        borders = np.flatnonzero(begins)
        run = np.diff(borders)
        nth = np.arange(len(row)) - np.repeat(borders[:-1], run)  # [N]: words before it in its sentence
        after = np.repeat(run, run) - 1 - nth
        reach = 1 + (noise.uniform_at("window", row, column) * self.window).astype(np.int64)
        left, right = np.minimum(reach, nth), np.minimum(reach, after)

        def spread(values: npt.NDArray[np.int64], fill: int) -> npt.NDArray[np.int64]:
            """[N] -> [B, L]"""
            out = np.full((rows, width), fill, np.int64)
            out[row, place] = values
            return out

        sentence = np.full((rows, width), -1, np.int16)
        sentence[row, place] = of_sentence
        negatives = known.draw(noise.bits("negatives", self.shared))  # [B, K]
        targets = WindowTargets(
            labels=spread(np.where(left + right > 0, word, NO_LABEL), NO_LABEL),
            left=spread(left, 0),
            right=spread(right, 0),
            negatives=negatives,
            counts_pairs=self.counts_pairs,
            frequency_loss=known.frequency_loss,
        )
        thinned = replace(
            batch,
            ids=spread(word, vocabulary.pad),
            length=length,
            sentence=sentence,
            token_type_ids=np.zeros((rows, width), np.int64),
        )
        return thinned.with_target("windows", targets)

    def _shares(self, vocabulary: Vocabulary) -> Shares:
        """Subsampling and negative-sampling probabilities of a vocabulary.

        Special tokens and unknown words are always removed and never drawn.
        """
        if id(vocabulary) not in self._known:
            counts = np.zeros(vocabulary.size)
            counts[vocabulary.ordinary] = vocabulary.counts[vocabulary.ordinary]
            stays = np.zeros(vocabulary.size)
            stays[vocabulary.ordinary] = 1
            if self.sample:
                above = counts > self.sample * counts.sum()  # other words have a probability above 1
                share = counts[above] / counts.sum()
                stays[above] = np.minimum(1, np.sqrt(self.sample / share) + self.sample / share)
            drawn = np.where(counts > 0, np.maximum(counts, 1) ** self.exponent, 0)
            drawn /= drawn.sum()
            predicted = counts * stays / (counts * stays).sum()
            loss = frequency_loss(predicted, self.negative * drawn)
            shares = Shares(stays.astype(np.float32), *alias_table(drawn), loss)
            self._known[id(vocabulary)] = (vocabulary, shares)
        return self._known[id(vocabulary)][1]

    @cached_property
    def _known(self) -> dict[int, tuple[Vocabulary, Shares]]:
        """Cache by the vocabulary's `id`. Holds a reference to the vocabulary so that the id is not reused."""
        return {}
