"""Pairs of neighbouring words."""

from nlp_ssl.tasks.baselines.bigrams import Bigrams
from tests.tasks.baselines.test_unigrams import accuracy


def test_neighbours_and_ends_are_seen_and_nothing_further_apart() -> None:
    assert Bigrams().terms(["a", "b", "."]) == ["<s> a", "a b", "b .", ". </s>"]
    assert Bigrams().terms([]) == ["<s> </s>"]
    assert accuracy(Bigrams(), ["dog bites man", "man bites dog"]) == 1
    assert accuracy(Bigrams(), ["a b c b d b a", "a b d b c b a"]) == 0.5
