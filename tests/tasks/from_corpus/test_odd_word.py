"""OddWord: items in four languages."""

import pytest

from nlp_ssl.tasks.from_corpus.odd_word import OddWord, letter_case, partners
from tests.tasks.from_corpus import stories
from tests.tasks.from_corpus.items import ODD_WORD
from tests.tasks.from_corpus.stories import damaged, held_out, same_words


@pytest.mark.parametrize("language", ["ENGLISH", "KOREAN", "GERMAN", "THAI"])
def test_items_that_were_checked_by_eye(language: str) -> None:
    found = list(OddWord().contrasts(held_out(getattr(stories, language))))
    assert damaged(found) == ODD_WORD[language]
    assert all(map(same_words, found))


def test_partners_have_different_words() -> None:
    assert partners([[1, 2], [3], [4, 5, 6]]) == [(1, 4), (2, 5), (3, 6)]
    assert partners([[1, 2, 3], [4]]) == [(2, 4)]
    assert partners([[1, 2, 3]]) == []


def test_words_that_are_exchanged_look_alike() -> None:
    words = ["ship", "나는", "Ben", "NATO", "McCoy", "2nd"]
    assert [letter_case(word) for word in words] == [0, 0, 1, 2, 2, 3]


def test_words_that_are_exchanged_are_equally_frequent_up_to_a_factor_of_two() -> None:
    frame = "They all saw the {} and then the {} on that day"
    often, seldom = ["often"] * 4, ["seldom"] * 2
    words = [("often", "seldom"), ("other", "unique"), *zip(often, ["x1", "x2", "x3", "x4"], strict=True)]
    text = held_out([[frame.format(*pair) for pair in words], [frame.format("y1", "y2"), *seldom]])
    changed = damaged(list(OddWord().contrasts(text)))
    assert not any("often" in one.split()[4] and "seldom" in one for one in changed if "unique" in one)
