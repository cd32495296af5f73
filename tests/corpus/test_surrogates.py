"""Surrogates in text."""

import pytest

from nlp_ssl.corpus.surrogates import join_all, join_surrogates


@pytest.mark.parametrize(
    ("text", "joined", "lone"),
    [
        ("plain", "plain", 0),
        ("한", "한", 0),
        ("a\ud83d\ude02b\ud83d", "a😂b\ufffd", 1),
        ("\udc00\ud800", "\ufffd\ufffd", 2),
        ("\ufffd\ud800", "\ufffd\ufffd", 1),  # a replacement character of the text itself is not counted
    ],
)
def test_pairs_are_joined_and_single_surrogates_are_counted(text, joined, lone) -> None:
    assert join_surrogates(text) == (joined, lone)


def test_values_of_json_are_searched_to_every_depth() -> None:
    value = {"a": ["\ud83d\ude02", {"b": "\ud800"}], "\ud800": 1, "c": None}
    assert join_all(value) == ({"a": ["😂", {"b": "\ufffd"}], "\ufffd": 1, "c": None}, 1)
