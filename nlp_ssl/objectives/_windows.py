"""What CBOW and skip-gram share: frequent words thinned out, windows inside sentences, words drawn to be told apart.

Paper: Mikolov et al., Distributed Representations of Words and Phrases, NeurIPS 2013, sections 2.2 and 2.3; shrinking
windows: Mikolov et al., Efficient Estimation of Word Representations in Vector Space, ICLR Workshop 2013.
Negatives that are shared, so that scores are matrix products: Ji et al., Parallelizing Word2Vec in Shared and
Distributed Memory, IEEE TPDS 2019.

A word that makes up the share f of the text stays with the chance sqrt(t/f) + t/f (word2vec's code, and gensim's; the
paper has sqrt(t/f)). Those that go vanish before windows are drawn, so that windows reach further.
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
"""Rows that have lost words are cut to a multiple of this, so that there are few shapes."""


@dataclass(frozen=True)
class Shares:
    """Of each word [V]: the chance that it stays; and of being drawn, as a table for the alias method.

    A draw falls on one of V boxes of equal size. A box is for its own word with the chance `own`, else for `alias`.
    """

    stays: npt.NDArray[np.float32]
    own: npt.NDArray[np.float64]
    alias: npt.NDArray[np.int64]

    def draw(self, bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
        """Words, one for each of some random 64 bits."""
        place = (bits >> np.uint64(11)) * (2.0**-53 * len(self.own))  # in [0, V)
        box = place.astype(np.int64)
        return np.where(place - box < self.own[box], box, self.alias[box])


def alias_table(share: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Own [V] and alias [V] of the alias method (Walker 1977; Vose 1991) for `share` [V], which adds up to 1."""
    own = share * len(share)  # in boxes
    alias = np.arange(len(share))
    poor, rich = np.flatnonzero(own < 1).tolist(), np.flatnonzero(own >= 1).tolist()
    while poor and rich:  # a step a word of the vocabulary, once
        box, giver = poor.pop(), rich[-1]
        alias[box] = giver
        own[giver] -= 1 - own[box]
        if own[giver] < 1:
            poor.append(rich.pop())
    own[poor + rich] = 1  # what is left is so by rounding
    return own, alias


@dataclass(frozen=True, kw_only=True)
class Windows(Objective):
    """Objectives of word vectors: a word, the words around it, and others."""

    window: int = 5
    """The most words to either side that are a word's context; each word draws its own number from 1 to this."""
    negative: int = 5
    """How many other words each real one is told from."""
    exponent: float = 0.75
    """Those are drawn in proportion to their counts to the power of this."""
    sample: float = 1e-3
    """Words that make up more of the text than this are thinned out; 0 keeps all."""
    shared: int = 64
    """Other words that are drawn for a row. All its words are told from all of these, with weights that make them
    count as `negative` for each."""

    example_type: ClassVar = "segment"
    body: ClassVar = "static"
    heads: ClassVar = {"windows": "negative_sampling"}
    counts_pairs: ClassVar[bool]
    """A target is a pair of words, each word of a window told from others; or a word, told by its window's mean."""
    needs: ClassVar = "text"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.window >= 1, "window", self.window, "it must be at least 1")
        require(self.negative >= 1, "negative", self.negative, "it must be at least 1")
        require(0 <= self.sample < 1, "sample", self.sample, "it must be a share of the text: at least 0, below 1")
        require(self.shared >= 1, "shared", self.shared, "it must be at least 1")

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Thin words out, close up the rows, draw each word's window and each row's negatives."""
        known = self._shares(vocabulary)
        rows, before = batch.ids.shape
        kept = noise.uniform("subsample", before) < known.stays[batch.ids]
        kept &= batch.sentence >= 0
        row, column = np.nonzero(kept)  # [N] each, of the words that stay
        length = np.count_nonzero(kept, axis=1)
        place = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)  # [N] in the new row
        width = min(before, -(-int(length.max(initial=1)) // WIDTH_MULTIPLE) * WIDTH_MULTIPLE)
        word, of_sentence = batch.ids[row, column], batch.sentence[row, column]

        begins = np.ones(len(row) + 1, np.bool_)  # [N + 1]: does a sentence begin here?
        begins[1:-1] = (of_sentence[1:] != of_sentence[:-1]) | (row[1:] != row[:-1])
        borders = np.flatnonzero(begins)
        run = np.diff(borders)
        nth = np.arange(len(row)) - np.repeat(borders[:-1], run)  # [N] words before in the sentence
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
        """How often the words of a vocabulary stay and are drawn.

        Special tokens and unknown words never stay and are never drawn.
        """
        if id(vocabulary) not in self._known:
            counts = np.zeros(vocabulary.size)
            counts[vocabulary.ordinary] = vocabulary.counts[vocabulary.ordinary]
            stays = np.zeros(vocabulary.size)
            stays[vocabulary.ordinary] = 1
            if self.sample:
                above = counts > self.sample * counts.sum()  # others have a chance above 1
                share = counts[above] / counts.sum()
                stays[above] = np.minimum(1, np.sqrt(self.sample / share) + self.sample / share)
            drawn = np.where(counts > 0, np.maximum(counts, 1) ** self.exponent, 0)
            shares = Shares(stays.astype(np.float32), *alias_table(drawn / drawn.sum()))
            self._known[id(vocabulary)] = (vocabulary, shares)
        return self._known[id(vocabulary)][1]

    @cached_property
    def _known(self) -> dict[int, tuple[Vocabulary, Shares]]:
        """The shares of vocabularies met before, each kept with its vocabulary so that its id stays its own."""
        return {}
