"""Unigram and trigram models, beside a plain implementation of the paper's equations."""

import math
from collections import Counter, defaultdict

import numpy as np
import pytest

from nlp_ssl.corpus import ngrams
from nlp_ssl.corpus.ngrams import Ngrams
from tests.worlds import random_documents, shard

V = 50


def model_of(*shards: list[list[list[int]]]) -> Ngrams:
    tokens = [t for documents in shards for document in documents for sentence in document for t in sentence]
    return Ngrams([shard(documents) for documents in shards], np.bincount(tokens, minlength=V))


def plain(documents: list[list[list[int]]]):
    """p(c | a, b) by Chen and Goodman's equations, with dictionaries."""
    trigrams: Counter = Counter()
    for document in documents:
        text = [V, V, *[token for sentence in document for token in sentence]]
        trigrams.update(zip(text, text[1:], text[2:], strict=False))
    bigrams = Counter(gram[1:] for gram in trigrams)
    unigrams = Counter(gram[1:] for gram in bigrams)

    def level(counts: Counter):
        n = [sum(c == k for c in counts.values()) for k in range(5)]
        y = n[1] / (n[1] + 2 * n[2])
        cut = [0, 1 - 2 * y * n[2] / n[1], 2 - 3 * y * n[3] / n[2], 3 - 4 * y * n[4] / n[3]]
        assert all(0 <= d <= n for n, d in enumerate(cut)), "fixed discounts would be used"
        total, rest = defaultdict(float), defaultdict(float)
        for gram, c in counts.items():
            total[gram[:-1]] += c
            rest[gram[:-1]] += cut[min(c, 3)]
        return lambda gram, lower: (
            (max(counts[gram] - cut[min(counts[gram], 3)], 0) + rest[gram[:-1]] * lower) / total[gram[:-1]]
            if gram[:-1] in total
            else lower
        )

    three, two, one = map(level, (trigrams, bigrams, unigrams))
    return lambda a, b, c: three((a, b, c), two((b, c), one((c,), 1 / V)))


def test_probabilities_are_those_of_the_paper() -> None:
    draw = np.random.default_rng(0)
    share = np.arange(1, V - 4) ** -1.6
    text = draw.choice(np.arange(5, V), 960, p=share / share.sum())
    documents = [[document.tolist()] for document in np.split(text, 12)]
    probability = plain(documents)
    text = np.array([t for s in documents[3] for t in s] + draw.integers(5, V, 40).tolist())
    before = np.stack([np.r_[V, V, text[:-2]], np.r_[V, text[:-1]]], axis=1)
    expected = [-math.log(probability(a, b, c)) for (a, b), c in zip(before.tolist(), text.tolist(), strict=True)]
    assert model_of(documents).trigram_nats(text, before) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("context", [(V, V), (7, 8), (8, 7), (0, 0), (0, 9), (3, 3)])
@pytest.mark.parametrize("documents", [random_documents(1, 60), [[[5, 6, 5, 6]]], [[[5]]]])
def test_probabilities_sum_to_one(context: tuple[int, int], documents: list[list[list[int]]]) -> None:
    before = np.tile(context, (V, 1))
    assert np.exp(-model_of(documents).trigram_nats(np.arange(V), before)).sum() == pytest.approx(1)


def test_a_text_that_is_too_small_for_discounts_has_fixed_ones() -> None:
    found = np.exp(-model_of([[[5, 6]], [[5, 6]]]).trigram_nats(np.array([6]), np.array([[V, 5]])))
    # Trigram: (2 - 1) / 2. Bigram: (1 - 0.5) / 1. Unigrams 5 and 6 of two: (1 - 0.5) / 2, and 0.5 / 50 for each token.
    assert found == pytest.approx([0.5 + 0.5 * (0.5 + 0.5 * (0.25 + 0.5 / 50))])


def test_trigrams_lie_within_documents() -> None:
    apart, together = model_of([[[5, 6]], [[7, 8]]]), model_of([[[5, 6], [7, 8]]])
    seven = np.array([7]), np.array([[5, 6]])
    assert together.trigram_nats(*seven) < apart.trigram_nats(*seven) - 1
    divided = model_of([[[5, 6]]], [[[7, 8]]])  # shards
    assert divided.trigram_nats(*seven) == pytest.approx(apart.trigram_nats(*seven))


def test_an_unknown_context_is_shortened() -> None:
    model = model_of(random_documents(1, 60))
    tokens = np.array([9, 9])
    special, bare = model.trigram_nats(tokens, np.array([[2, 8], [0, 8]]))
    assert special == bare
    assert (
        model.trigram_nats(tokens, np.array([[8, 2], [0, 0]])).tolist()
        == [pytest.approx(model.trigram_nats(tokens[:1], np.array([[0, 0]]))[0])] * 2
    )


def test_the_sample_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    shards = [[[5, 6, 7, 8]], [[5, 6, 9, 9]]], [[[10, 11]], [[12, 12]]]
    monkeypatch.setattr(ngrams, "TRIGRAM_TOKENS", 6)  # half of each shard
    expected = model_of([[[5, 6, 7, 8]]], [[[10, 11]]])
    tokens, before = np.arange(5, 15), np.tile((5, 6), (10, 1))
    assert np.array_equal(model_of(*shards).trigram_nats(tokens, before), expected.trigram_nats(tokens, before))


def test_unigrams_have_one_more_of_each_token() -> None:
    found = model_of([[[5, 6, 5]]]).unigram_nats(np.array([5, 6, 7]))
    assert np.exp(-found) == pytest.approx([3 / 53, 2 / 53, 1 / 53])
