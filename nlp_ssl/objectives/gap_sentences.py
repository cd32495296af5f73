"""Gap-sentence generation: write the sentences that were taken out of a text, from the rest of it.

Paper: Zhang et al., PEGASUS, ICML 2020, section 3.1. Some of a text's sentences are each replaced by one [MASK], and
are what the decoder writes, one after the other. Principal sentences are those that stand for the rest best, by
ROUGE-1 F1: each on its own against all others (*independent*), or, one added after the other, those selected so far
together with it against all that remain (*sequential*). Words count as often as they occur (*original*), or once
(*unique*). Random and leading sentences are the paper's comparisons. Its choice is independent, original, 30 %.
The paper's masking of further tokens is the mixture with `mlm`, which comes after and so masks what is left.

Departures. Words are letters and digits of any script (`nlp_ssl.corpus.words`); PEGASUS's code knows a-z and 0-9, so
that elsewhere every score is 0 and it takes the last sentences. Stop words are kept; the code leaves out a list of
English ones. Equal scores go to the earlier sentence. Two sentences always score the same, as do all in a text where
no word is said twice: in short texts the principal sentence is mostly the leading one. The number of gap sentences is
rounded to the nearest, where the code rounds down and has too few in short rows; it is at least one and never all,
where the code takes a one-sentence text out whole. Texts are cut to rows before sentences are selected, so that none is
written from a place beyond the input. The share is fixed and importance has no noise, which the code adds for its
larger model, so that principal sentences are the same in every epoch.

In: a clean batch. Out: `ids`, `sentence`, `segment` and `length` without the gap sentences, a [MASK] of the same
number in place of each; `sequences["seq2seq_lm"]` [B, T] the gap sentences in their order, then [SEP]. Behind another
objective whose sequence is the original text, it stays that. A row of one sentence stays as it is and has no target.
Requirements: two sentences of one document in a row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import require
from nlp_ssl.objectives._denoising import WIDTH_MULTIPLE, moved
from nlp_ssl.objectives._rouge import WordCounts
from nlp_ssl.objectives.base import Objective
from nlp_ssl.sampling.batch import NO_LABEL, Batch
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import SequenceTargets

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class GapSentences(Objective):
    """Write a text's most important sentences from the others (PEGASUS)."""

    strategy: Literal["random", "lead", "independent", "sequential"] = "independent"
    """Sentences to write: any; the first ones; those closest to the rest, each on its own; or those that come closest
    to it together."""
    n_grams: Literal["original", "unique"] = "original"
    """Count a word as often as it occurs, or once."""
    ratio: float = 0.3
    """Share of a row's sentences to write: at least one, never all."""

    name: ClassVar = "gap_sentences"
    example_type: ClassVar = "segment"
    sentences: ClassVar[int] = 2
    body: ClassVar = "seq2seq"
    before_masking: ClassVar = True
    heads: ClassVar = {"seq2seq_lm": "seq2seq_lm"}
    shares_targets: ClassVar = True
    metrics: ClassVar = "nlp_ssl.heads.rouge_metrics"
    paper: ClassVar = "Zhang et al., PEGASUS, ICML 2020, section 3.1"
    needs: ClassVar = "two sentences in a row that fit into one example (raise --batch.max-length)"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 < self.ratio < 1, "ratio", self.ratio, "it must lie between 0 and 1")

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Take sentences out, and make them what is to be written."""
        chosen = self._choose(batch, vocabulary, noise)  # [B, S]
        number = batch.sentence
        gap = (number >= 0) & np.take_along_axis(chosen, np.maximum(number, 0).astype(np.int64), 1)  # [B, L]
        begins = gap.copy()
        begins[:, 1:] &= number[:, 1:] != number[:, :-1]
        beyond = np.arange(gap.shape[1]) >= batch.length[:, None]
        gone = (gap & ~begins) | beyond
        source = np.argsort(gone, axis=1, kind="stable")  # what is kept, in its order
        masked = replace(batch, ids=np.where(begins, vocabulary.mask, batch.ids))
        corrupted = moved(masked, source, np.count_nonzero(~gone, axis=1), vocabulary)
        if "seq2seq_lm" in batch.targets:  # an earlier corruption's
            return corrupted
        written = SequenceTargets(tokens=_written(batch.ids, gap, vocabulary), from_source=True)
        return corrupted.with_target("seq2seq_lm", written)

    def _choose(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Bools:
        """The gap sentences: bool [B, S]."""
        rows, sentences = len(batch.ids), int(batch.sentence.max(initial=0)) + 1
        row, column = np.nonzero(batch.sentence >= 0)
        there = np.zeros((rows, sentences), np.bool_)  # [B, S]
        there[row, batch.sentence[row, column]] = True
        count = np.count_nonzero(there, axis=1)
        wanted = np.minimum(np.maximum(np.floor(self.ratio * count + 0.5), 1), count - 1)  # [B]
        if self.strategy == "random":
            scores = noise.uniform("gap", sentences).astype(np.float64)
        elif self.strategy == "lead":
            scores = np.zeros(there.shape)
        else:
            words = WordCounts(batch.ids, batch.sentence, sentences, vocabulary, unique=self.n_grams == "unique")
            if self.strategy == "sequential":
                return _one_by_one(words, there, wanted)
            scores = words.scores(np.zeros_like(there))
        best = np.argsort(np.where(there, -scores, 1), axis=1, kind="stable")  # equal ones in their order
        chosen = np.zeros_like(there)
        np.put_along_axis(chosen, best, np.arange(sentences) < wanted[:, None], 1)
        return chosen


def _one_by_one(words: WordCounts, there: Bools, wanted: npt.NDArray[np.float64]) -> Bools:
    """`wanted` [B] sentences of those that are `there` [B, S], each the best beside those before: bool [B, S]."""
    chosen = np.zeros_like(there)
    for turn in range(int(wanted.max(initial=0))):
        unfinished = np.flatnonzero(turn < wanted)
        scores = np.where(there & ~chosen, words.scores(chosen), -1)[unfinished]
        chosen[unfinished, scores.argmax(axis=1)] = True  # the first of the best
    return chosen


def _written(ids: npt.NDArray[np.int64], gap: Bools, vocabulary: Vocabulary) -> npt.NDArray[np.int64]:
    """What is to be written [B, T]: the tokens where `gap` [B, L] is, then [SEP]; nothing where there are none."""
    length = np.count_nonzero(gap, axis=1)
    width = min(ids.shape[1] - 1, -(-(int(length.max(initial=0)) + 1) // WIDTH_MULTIPLE) * WIDTH_MULTIPLE)
    row, column = np.nonzero(gap)
    text = np.full((len(ids), width), NO_LABEL)
    text[row, np.arange(len(row)) - (np.cumsum(length) - length)[row]] = ids[row, column]
    some = np.flatnonzero(length)
    text[some, length[some]] = vocabulary.sep
    return text
