"""ROUGE-1 F1 (Lin, 2004), of the sentences of a row against each other and of one text against another.

With o words in common, of n in one text and m in the other, it is 2 o / (n + m): the harmonic mean of o / n and o / m.
A word that one text has twice and the other three times is common to them twice; of *unique* words each counts once.
Words are those of `nlp_ssl.corpus.words`, in any script; stop words and endings are kept.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.sampling.batch import NO_LABEL
from nlp_ssl.sampling.noise import mix

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class WordCounts:
    """The words of the sentences of some rows, counted."""

    def __init__(
        self, ids: Ints, sentence: npt.NDArray[np.integer], sentences: int, vocabulary: Vocabulary, unique: bool = False
    ) -> None:
        """`ids` [B, L]; `sentence` [B, L] the number of each token's sentence, below `sentences`, or -1."""
        self.shape = len(ids), sentences
        row, column = np.nonzero(sentence >= 0)  # [T]
        place = row * sentences + sentence[row, column]  # [T] the sentence of each token, numbered over all rows
        token, word = vocabulary.pieces.words(ids[row, column], place)  # [W]
        of_row = word ^ mix(row[token].astype(np.uint64))  # [W]
        _, first, number = np.unique(of_row, return_index=True, return_inverse=True)  # [U], [U], [W]
        # Each word that a sentence has, and how often: [N].
        places = max(1, len(ids) * sentences)
        pairs, times = np.unique(number * places + place[token], return_counts=True)
        self._word, self._place = np.divmod(pairs, places)
        self._row = row[token[first]]  # [U] of each word of a row
        self._unique = unique
        self._times = (np.ones_like(times) if unique else times).astype(np.float64)
        self._total = _sums(self._word, self._times, len(first))  # [U]

    def scores(self, chosen: npt.NDArray[np.bool_]) -> Floats:
        """For each sentence, how close it and those `chosen` [B, S] come to all the others. float64 [B, S].

        It means nothing for a sentence that is itself chosen. Without a word it is 0.
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
        """How often words that are `inside` so often are common to both sides, and how often they are on one."""
        outside = total - inside
        if self._unique:
            inside, outside = np.minimum(inside, 1), np.minimum(outside, 1)
        return np.minimum(inside, outside), inside + outside


def _sums(index: Ints, values: Floats, size: int) -> Floats:
    """The sum of the values [N] at each index [N], for `size` indices."""
    return np.bincount(index, values, size).astype(np.float64, copy=False)


def rouge_1(written: Ints, wanted: Ints, vocabulary: Vocabulary) -> Floats:
    """ROUGE-1 F1 of the texts `written` [B, T] with those that were `wanted` [B, T'], NO_LABEL beyond them. [B]."""
    ids = np.concatenate([written, wanted], axis=1)
    number = np.repeat([0, 1], [written.shape[1], wanted.shape[1]])
    counts = WordCounts(ids, np.where(ids == NO_LABEL, -1, number), 2, vocabulary)
    return counts.scores(np.zeros(counts.shape, np.bool_))[:, 0]
