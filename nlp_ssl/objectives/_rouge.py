"""ROUGE F1 (Lin, 2004) between two texts, and ROUGE-1 between the sentences of a sequence.

ROUGE-N compares the runs of N words, ROUGE-L the longest common subsequence of words. For texts with n and m of them
and an overlap of o, F1 = 2 o / (n + m), or 0 if there are none. A run that occurs twice in one text and three times in
the other overlaps twice; with *unique* words it counts once. Words are defined in `nlp_ssl.corpus.words`, for any
script. Stop words are kept and nothing is stemmed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.sampling.batch import NO_LABEL
from nlp_ssl.sampling.noise import mix

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class WordCounts:
    """Word counts of the sentences of each sequence."""

    def __init__(
        self, ids: Ints, sentence: npt.NDArray[np.integer], sentences: int, vocabulary: Vocabulary, unique: bool = False
    ) -> None:
        """`ids` [B, L]; `sentence` [B, L] is each token's sentence number, below `sentences`, or -1 for none."""
        self.shape = len(ids), sentences
        row, column = np.nonzero(sentence >= 0)  # [T]
        place = row * sentences + sentence[row, column]  # [T]: sentence of each token, numbered over the batch
        token, word = vocabulary.pieces.words(ids[row, column], place)  # [W]
        of_row = word ^ mix(row[token].astype(np.uint64))  # [W]
        _, first, number = np.unique(of_row, return_index=True, return_inverse=True)  # [U], [U], [W]
        # Distinct words of each sentence and their counts: [N].
        places = max(1, len(ids) * sentences)
        pairs, times = np.unique(number * places + place[token], return_counts=True)
        self._word, self._place = np.divmod(pairs, places)
        self._row = row[token[first]]  # [U]
        self._unique = unique
        self._times = (np.ones_like(times) if unique else times).astype(np.float64)
        self._total = _sums(self._word, self._times, len(first))  # [U]

    def scores(self, chosen: npt.NDArray[np.bool_]) -> Floats:
        """ROUGE-1 F1 of {sentence} + `chosen` (bool [B, S]) against all other sentences, float64 [B, S].

        0 if there are no words. Undefined for sentences that are already chosen.
        """
        rows, sentences = self.shape
        inside = _sums(self._word, self._times * chosen.ravel()[self._place], len(self._total))  # [U]
        common, size = self._compare(inside, self._total)
        more_common, more_size = self._compare(inside[self._word] + self._times, self._total[self._word])  # [N]
        figures = []
        for before, after in ((common, more_common), (size, more_size)):
            change = _sums(self._place, after - before[self._word], rows * sentences)
            figures.append(_sums(self._row, before, rows)[:, None] + change.reshape(rows, sentences))
        f1: Floats = 2 * figures[0] / np.maximum(figures[1], 1)
        return f1

    def _compare(self, inside: Floats, total: Floats) -> tuple[Floats, Floats]:
        """Overlap and total count of each word, given its count `inside` the chosen sentences and in `total`."""
        outside = total - inside
        if self._unique:
            inside, outside = np.minimum(inside, 1), np.minimum(outside, 1)
        return np.minimum(inside, outside), inside + outside


def _sums(index: Ints, values: Floats, size: int) -> Floats:
    """Sum `values` [N] by `index` [N]. float64 [size]."""
    return np.bincount(index, values, size).astype(np.float64, copy=False)


def rouge_n(written: Sequence[Hashable], wanted: Sequence[Hashable], n: int) -> float:
    """ROUGE-N F1 of two texts, each given as its words."""
    found, gold = (Counter(zip(*(words[i:] for i in range(n)), strict=False)) for words in (written, wanted))
    return _f1((found & gold).total(), found.total() + gold.total())


def rouge_l(written: Sequence[Hashable], wanted: Sequence[Hashable]) -> float:
    """ROUGE-L F1 of two texts, each given as its words."""
    return _f1(_common_subsequence(written, wanted), len(written) + len(wanted))


def rouge_1(written: Ints, wanted: Ints, vocabulary: Vocabulary) -> Floats:
    """ROUGE-1 F1 [B] of tokens `written` [B, T] against the references `wanted` [B, T'], both padded with NO_LABEL."""

    def words(row: Ints) -> list[int]:
        ids = row[row != NO_LABEL]
        found: list[int] = vocabulary.pieces.words(ids, np.zeros_like(ids))[1].tolist()
        return found

    return np.array([rouge_n(words(one), words(other), 1) for one, other in zip(written, wanted, strict=True)])


def _f1(overlap: int, total: int) -> float:
    return 2 * overlap / total if total else 0.0


def _common_subsequence(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """The length of the longest common subsequence, with a bit for each word of `one` (Hyyrö 2004)."""
    places: dict[Hashable, int] = {}
    for i, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << i
    every = (1 << len(one)) - 1
    left = every
    for word in other:
        match = left & places.get(word, 0)
        left = ((left + match) | (left - match)) & every
    return len(one) - left.bit_count()
