"""Unigram and trigram models of a corpus: reference losses that show whether a model's loss is normal.

The unigram model has the token frequencies of the train split, plus one for each token of the vocabulary. The trigram
model is interpolated modified Kneser-Ney (Chen and Goodman 1999, An empirical study of smoothing techniques for
language modeling, Computer Speech and Language 13, section 3), fitted on at most `TRIGRAM_TOKENS` tokens of train.
N-grams lie within documents. Both models are of text tokens only: special tokens are never counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.store import Shard

TRIGRAM_TOKENS = 10_000_000
"""Maximum number of train tokens that the trigram model is fitted on, an equal share of each shard."""

FALLBACK_DISCOUNTS = (0.5, 1.0, 1.5)
"""Discounts of n-grams that occur once, twice and more often, where a text is too small to estimate them (KenLM's)."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Ngrams:
    """The unigram and the trigram model of a train split. The trigram model is fitted when it is first used."""

    def __init__(self, shards: Sequence[Shard], counts: Ints) -> None:
        """`counts` [V] are the occurrences of each token in train."""
        self._shards = shards
        self._unigrams = -np.log((counts + 1) / (counts.sum() + len(counts)))  # [V]

    def unigram_nats(self, tokens: Ints) -> Floats:
        """The cross-entropy of tokens [T] by their frequencies in train, in nats, float64 [T]."""
        nats: Floats = self._unigrams[tokens]
        return nats

    def trigram_nats(self, tokens: Ints, before: Ints) -> Floats:
        """The cross-entropy of tokens [T], each after the tokens `before` [T, 2], in nats, float64 [T].

        A context that train does not have, such as a special token, is shortened from the left.
        """
        nats: Floats = -np.log(self._trigrams.probability(tokens, before))
        return nats

    @cached_property
    def _trigrams(self) -> _KneserNey:
        total = sum(len(shard.tokens) for shard in self._shards)
        share = min(1.0, TRIGRAM_TOKENS / max(total, 1))
        parts = [_in_context(shard, int(share * len(shard.tokens)), len(self._unigrams)) for shard in self._shards]
        return _KneserNey(np.concatenate([np.empty(0, np.int64), *parts]), len(self._unigrams))


def _in_context(shard: Shard, tokens: int, size: int) -> Ints:
    """The trigrams that end at the first `tokens` tokens of a shard, as numbers. int64 [tokens].

    Before the beginning of a document stands `size`, which is no token.
    """
    base = size + 1
    ids = shard.tokens[:tokens].astype(np.int64)
    begins = shard.sentence_offsets[shard.document_offsets[:-1]]
    begins = begins[begins < tokens]
    last = np.concatenate([[size], ids[:-1]])[:tokens]
    last[begins] = size
    second = np.concatenate([[size], last[:-1]])[:tokens]
    second[begins] = size
    trigrams: Ints = (second * base + last) * base + ids
    return trigrams


class _KneserNey:
    """Interpolated modified Kneser-Ney probabilities, as sorted arrays."""

    def __init__(self, trigrams: Ints, size: int) -> None:
        self.base = base = size + 1
        self.trigrams, occurrences = np.unique(trigrams, return_counts=True)
        self.contexts, begins = np.unique(self.trigrams // base, return_index=True)
        self.of_trigram, self.left_by_two = _discounted(occurrences, begins)
        # Lower orders count the distinct words before an n-gram instead of its occurrences.
        self.bigrams, preceded = np.unique(self.trigrams % base**2, return_counts=True)
        present, begins = np.unique(self.bigrams // base, return_index=True)
        self.of_bigram, left = _discounted(preceded, begins)
        self.left_by_one = np.ones(base)
        self.left_by_one[present] = left
        counts = np.bincount(self.bigrams % base, minlength=size)
        seen = np.flatnonzero(counts)
        share, rest = _discounted(counts[seen], np.zeros(len(seen[:1]), np.int64))
        self.of_token = np.full(size, (rest[0] if len(rest) else 1.0) / size)
        self.of_token[seen] += share

    def probability(self, tokens: Ints, before: Ints) -> Floats:
        """The probability of tokens [T] after the tokens `before` [T, 2]. float64 [T]."""
        second, last = before.T
        context = second * self.base + last
        unigram = self.of_token[tokens]
        bigram = _found(self.bigrams, last * self.base + tokens, self.of_bigram, 0.0) + self.left_by_one[last] * unigram
        trigram = _found(self.trigrams, context * self.base + tokens, self.of_trigram, 0.0)
        found: Floats = trigram + _found(self.contexts, context, self.left_by_two, 1.0) * bigram
        return found


def _found(keys: Ints, wanted: Ints, values: Floats, otherwise: float) -> Floats:
    """The values of the wanted keys, `otherwise` where there is none. Keys are ascending."""
    if not len(keys):
        return np.full(len(wanted), otherwise)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    found: Floats = np.where(keys[place] == wanted, values[place], otherwise)
    return found


def _discounted(counts: Ints, begins: Ints) -> tuple[Floats, Floats]:
    """Discounted shares [N] of counts [N] within their contexts, and the share [contexts] that is left in each.

    `begins` [contexts] says where the counts of each context begin.
    """
    totals = np.add.reduceat(counts, begins) if len(begins) else np.empty(0)
    taken = np.take([0.0, *_discounts(counts)], np.minimum(counts, 3))
    of_context = np.repeat(np.arange(len(begins)), np.diff([*begins, len(counts)]))
    left = np.bincount(of_context, weights=taken, minlength=len(begins)) / np.maximum(totals, 1)
    return (counts - taken) / totals[of_context], left


def _discounts(counts: Ints) -> tuple[float, float, float]:
    """The discounts of n-grams that occur once, twice and more often (Chen and Goodman 1999, equation 26)."""
    once, twice, thrice, four = np.bincount(np.minimum(counts, 5), minlength=6)[1:5].tolist()
    if not (once and twice and thrice and four):
        return FALLBACK_DISCOUNTS
    y = once / (once + 2 * twice)
    found = (1 - 2 * y * twice / once, 2 - 3 * y * thrice / twice, 3 - 4 * y * four / thrice)
    return found if all(0 <= d <= n for n, d in enumerate(found, 1)) else FALLBACK_DISCOUNTS
