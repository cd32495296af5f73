"""Gap-sentence generation: generate the sentences that were removed from a text.

Paper: Zhang et al., PEGASUS, ICML 2020, section 3.1. Selected sentences are each replaced by one [MASK] and are
concatenated as the decoder's target. Principal sentences have the highest ROUGE-1 F1 against the rest of the text. They
are scored one by one (*independent*), or added greedily to those already selected (*sequential*). Words count as often
as they occur (*original*) or once (*unique*). The paper's baselines are random and leading sentences; its choice is
independent, original, 30 %. For the paper's additional token masking, combine with `mlm`.

Differences from PEGASUS's code:

* Words are letters and digits of any script (`nlp_ssl.corpus.words`). The code knows only a-z and 0-9, so every score
  is 0 in other scripts. Stop words are kept.
* Ties go to the earlier sentence. Two sentences always tie, as do all sentences of a text without repeated words, so in
  short texts the principal sentence is usually the first one.
* The number of gap sentences is rounded to the nearest integer, at least one and never all. The code rounds down, and
  removes all of a one-sentence text.
* Texts are cut to the maximum length before sentences are selected, so that no target comes from beyond the input.
* The ratio is fixed and scores have no noise (the code adds some for its large model), so principal sentences are the
  same in every epoch.

In: a clean batch. Out: `ids`, `sentence`, `token_type_ids` and `length` with one [MASK] for each gap sentence; target
"seq2seq_lm" [B, T], the gap sentences in order, then [SEP]. After another denoising objective the target stays the
original text. A sequence of one sentence is unchanged and has no target.
Requirements: two sentences of one document in a sequence.
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
    """Generate the most important sentences of a text from the others (PEGASUS)."""

    strategy: Literal["random", "lead", "independent", "sequential"] = "independent"
    """Selection of gap sentences: random, the first ones, or the highest ROUGE-1 F1 against the rest, scored one by one
    (independent) or added greedily (sequential)."""
    n_grams: Literal["original", "unique"] = "original"
    """Count every occurrence of a word, or each distinct word once."""
    ratio: float = 0.3
    """Share of sentences to select: at least one, never all."""

    name: ClassVar = "gap_sentences"
    example_type: ClassVar = "segment"
    sentences: ClassVar[int] = 2
    body: ClassVar = "seq2seq"
    before_masking: ClassVar = True
    heads: ClassVar = {"seq2seq_lm": "seq2seq_lm"}
    shares_targets: ClassVar = True
    metrics: ClassVar = "nlp_ssl.heads.rouge_metrics"
    paper: ClassVar = "Zhang et al., PEGASUS, ICML 2020, section 3.1"
    needs: ClassVar = (
        "two sentences in a row that fit into one example (raise --batch.max-length, or prepare longer documents)"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 < self.ratio < 1, "ratio", self.ratio, "it must lie between 0 and 1")

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Replace the gap sentences by masks and set them as target."""
        chosen = self._choose(batch, vocabulary, noise)  # [B, S]
        number = batch.sentence
        gap = (number >= 0) & np.take_along_axis(chosen, np.maximum(number, 0).astype(np.int64), 1)  # [B, L]
        begins = gap.copy()
        begins[:, 1:] &= number[:, 1:] != number[:, :-1]
        beyond = np.arange(gap.shape[1]) >= batch.length[:, None]
        gone = (gap & ~begins) | beyond
        source = np.argsort(gone, axis=1, kind="stable")  # kept tokens first, in order
        masked = replace(batch, ids=np.where(begins, vocabulary.mask, batch.ids))
        corrupted = moved(masked, source, np.count_nonzero(~gone, axis=1), vocabulary)
        if "seq2seq_lm" in batch.targets:  # set by an earlier corruption
            return corrupted
        written = SequenceTargets(tokens=_written(batch.ids, gap, vocabulary), from_source=True)
        return corrupted.with_target("seq2seq_lm", written)

    def _choose(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Bools:
        """Select the gap sentences. bool [B, S]."""
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
        best = np.argsort(np.where(there, -scores, 1), axis=1, kind="stable")  # ties in text order
        chosen = np.zeros_like(there)
        np.put_along_axis(chosen, best, np.arange(sentences) < wanted[:, None], 1)
        return chosen


def _one_by_one(words: WordCounts, there: Bools, wanted: npt.NDArray[np.float64]) -> Bools:
    """Select `wanted` [B] of the sentences that are `there` [B, S] greedily. bool [B, S]."""
    chosen = np.zeros_like(there)
    for turn in range(int(wanted.max(initial=0))):
        unfinished = np.flatnonzero(turn < wanted)
        scores = np.where(there & ~chosen, words.scores(chosen), -1)[unfinished]
        chosen[unfinished, scores.argmax(axis=1)] = True  # ties go to the first
    return chosen


def _written(ids: npt.NDArray[np.int64], gap: Bools, vocabulary: Vocabulary) -> npt.NDArray[np.int64]:
    """The target [B, T]: the tokens in `gap` [B, L], then [SEP]; NO_LABEL for sequences without gap sentences."""
    length = np.count_nonzero(gap, axis=1)
    width = min(ids.shape[1] - 1, -(-(int(length.max(initial=0)) + 1) // WIDTH_MULTIPLE) * WIDTH_MULTIPLE)
    row, column = np.nonzero(gap)
    text = np.full((len(ids), width), NO_LABEL)
    text[row, np.arange(len(row)) - (np.cumsum(length) - length)[row]] = ids[row, column]
    some = np.flatnonzero(length)
    text[some, length[some]] = vocabulary.sep
    return text
