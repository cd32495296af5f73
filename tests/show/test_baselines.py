"""What lengths and words alone tell of a class."""

from dataclasses import replace

import numpy as np
import pytest

from nlp_ssl.show.baselines import row_lengths, row_words, told_by_words
from tests.show.rows import row


def test_the_lengths_in_a_row() -> None:
    batch = row([2, 10, 11, 12, 3, 13, 14, 3, 0], {})
    sentence = np.array([[-1, 2, 2, 3, -1, 1, 1, -1, -1]], np.int16)
    segment = np.array([[0, 0, 0, 0, 0, 1, 1, 1, 0]])
    found = row_lengths(replace(batch, sentence=sentence, token_type_ids=segment))
    assert found.tolist() == [[8, 3, 2, 2, 0, 3]]  # row, second segment, first, last, their difference, sentences


def test_the_words_in_a_row() -> None:
    batch = row([2, 10, 11, 10, 3, 10, 12, 3, 0], {})
    sentence = np.array([[-1, 0, 0, 0, -1, 1, 1, -1, -1]], np.int16)
    segment = np.array([[0, 0, 0, 0, 0, 1, 1, 1, 0]])
    found = row_words(replace(batch, sentence=sentence, token_type_ids=segment), 13).toarray().reshape(3, 13)
    assert found[:, 10:].tolist() == [[2, 1, 0], [1, 0, 1], [1, 0, 0]]  # in the first, in the second, in both
    assert not found[:, :10].any()


def test_labels_that_words_tell() -> None:
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 2, 2000)
    counts = draw.poisson(1.0, (2000, 8))
    assert told_by_words(counts, labels) == pytest.approx(0.5, abs=0.05)
    counts[:, 3] += 2 * labels
    assert told_by_words(counts, labels) > 0.75
