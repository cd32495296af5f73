"""Lengths alone."""

import numpy as np

from nlp_ssl.tasks.baselines.lengths import Lengths, lengths
from nlp_ssl.tasks.splits import LabelledExamples
from tests.tasks.baselines.test_unigrams import accuracy


def test_characters_and_words_of_each_text() -> None:
    found = lengths(LabelledExamples(["a dog", "dogs"], ["x", "y z"], None))
    assert np.allclose(np.expm1(found), [[5, 2, 1, 1], [4, 1, 3, 2]])


def test_lengths_are_seen_and_words_are_not() -> None:
    assert accuracy(Lengths(), ["short", "not so short"]) == 1
    assert accuracy(Lengths(), ["good film", "poor film"]) == 0.5
