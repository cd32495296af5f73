"""BigramShift: items in four languages."""

import pytest

from nlp_ssl.tasks.from_corpus.bigram_shift import BigramShift, neighbours
from tests.tasks.from_corpus import stories
from tests.tasks.from_corpus.items import BIGRAM_SHIFT
from tests.tasks.from_corpus.stories import damaged, held_out, same_words


@pytest.mark.parametrize("language", ["ENGLISH", "KOREAN", "GERMAN", "THAI"])
def test_items_that_were_checked_by_eye(language: str) -> None:
    found = list(BigramShift().contrasts(held_out(getattr(stories, language))))
    assert damaged(found) == BIGRAM_SHIFT[language]
    assert all(map(same_words, found))


@pytest.mark.parametrize(
    ("pieces", "swaps"),
    [
        ("We| |saw|  |it", []),  # two spaces
        ("She| |saw| |the| |old| |ship|.", [(2, 4), (4, 6), (6, 8)]),  # never the first word
        ("We| |saw|,| |then| |went", [(5, 7)]),  # not across a comma
        ("We| |had| |that| |That", [(2, 4)]),  # equal words
        ("It| |was| |half|-|past| |two", []),  # a hyphen joins words
        ("I| |don| |'| |t| |know| |it", [(8, 10)]),  # and an apostrophe does, also with spaces
        ("我|看见|他|了", [(1, 2), (2, 3)]),
    ],
)
def test_only_words_with_a_space_between_are_swapped(pieces: str, swaps: list[tuple[int, int]]) -> None:
    assert neighbours(pieces.split("|")) == swaps
