"""Texts that recur among those that were learned from."""

import numpy as np
import pytest

from nlp_ssl.tasks.recurrence import recurring
from nlp_ssl.tasks.splits import LabelledExamples


def singles(*texts: str) -> LabelledExamples:
    return LabelledExamples(list(texts), None, np.zeros(len(texts)))


LEARNED = singles("A film of quiet power , and of wit", "Awful!", "영화가 정말 좋아요")


@pytest.mark.parametrize(
    ("text", "recurs"),
    [
        ("a film of quiet power, and of wit.", True),  # the same words
        ("of quiet power", True),  # three words of it
        ("quiet power", False),  # two words are in many texts
        ("of quiet powers", False),  # words, not letters
        ("I say: a film of quiet power and of wit, no less", True),  # contains it
        ("awful", True),
        ("an awful film", False),  # one learned word is in many texts
        ("영화가 정말 좋아요!!", True),
        ("영화가 정말", False),
        ("", False),
    ],
)
def test_the_same_text_or_a_part_of_it(text: str, recurs: bool) -> None:
    assert recurring(singles("unrelated", text), LEARNED).tolist() == [False, recurs]


def test_texts_without_words_recur_only_as_they_are() -> None:
    assert recurring(singles("!!!", "?", ":)"), singles("?", ":-)")).tolist() == [False, True, False]


def test_either_text_of_a_pair() -> None:
    pairs = LabelledExamples(["one", "two", "three"], ["four", "premise", "five"], np.zeros(3))
    learned = LabelledExamples(["premise", "five"], ["x", "y"], np.zeros(2))
    assert recurring(pairs, learned).tolist() == [False, True, True]
