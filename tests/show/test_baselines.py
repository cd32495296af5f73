"""Accuracy of shallow classifiers, from lengths and words alone."""

from dataclasses import replace

import numpy as np
import pytest

from nlp_ssl.show.baselines import accuracy_by_words, row_lengths, row_words, scores_by_counts, token_counts
from tests.show.rows import row


def test_the_lengths_in_a_row() -> None:
    batch = row([2, 10, 11, 12, 3, 13, 14, 3, 0], {})
    sentence = np.array([[-1, 2, 2, 3, -1, 1, 1, -1, -1]], np.int16)
    found = row_lengths(replace(batch, sentence=sentence))
    # Row, first sentence, last, their difference, sentences; then the pieces.
    assert found.tolist() == [[8, 2, 2, 0, 3, 3, 2, 0, 0, 0]]


def test_pieces_after_the_fifth_are_one() -> None:
    found = row_lengths(row([2, 10, 3, 11, 11, 3, 12, 3, 13, 3, 14, 3, 15, 15, 3], {}))
    assert found[0, 5:].tolist() == [1, 2, 1, 1, 3]


def test_the_words_in_a_row() -> None:
    batch = row([2, 10, 11, 10, 3, 10, 12, 3, 12, 3, 0], {})
    found = row_words(batch, 13).toarray().reshape(6, 13)
    # In each of three pieces, in none of two more, and the smaller number of the first two.
    assert found[:, 10:].tolist() == [[2, 1, 0], [1, 0, 1], [0, 0, 1], [0, 0, 0], [0, 0, 0], [1, 0, 0]]
    assert not found[:, :10].any()


def test_accuracy_from_words_alone() -> None:
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 2, 2000)
    counts = draw.poisson(1.0, (2000, 8))
    assert accuracy_by_words(counts, labels) == pytest.approx(0.5, abs=0.05)
    counts[:, 3] += 2 * labels
    assert accuracy_by_words(counts, labels) > 0.75


def test_the_counts_of_tokens() -> None:
    """w10 is three times in its row and 90 times in the corpus; the place of [CLS] has no text."""
    batch = row([2, 10, 11, 10, 10, 3, 0], {})
    at = np.array([[True, True, True, False, False, False, False]])
    counts = np.arange(0, 450, 9)
    assert token_counts(batch, at, counts).tolist() == [[18, 0], [90, 3], [99, 1]]


def test_scores_from_counts_alone() -> None:
    draw = np.random.default_rng(0)
    labels = (draw.random(4000) < 0.15).astype(np.int64)
    features = draw.integers(1, 100, (4000, 2))
    accuracy, auc = scores_by_counts(features, labels)
    assert accuracy == pytest.approx(0.85, abs=0.02) and auc == pytest.approx(0.5, abs=0.05)
    features[:, 1] += 200 * labels
    assert scores_by_counts(features, labels) == (1.0, 1.0)
