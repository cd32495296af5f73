"""NextSentence: items in four languages."""

import pytest

from nlp_ssl.tasks.from_corpus.next_sentence import NextSentence, documents
from tests.tasks.from_corpus import stories
from tests.tasks.from_corpus.items import NEXT_SENTENCE
from tests.tasks.from_corpus.stories import damaged, held_out, same_words


@pytest.mark.parametrize("language", ["ENGLISH", "KOREAN", "GERMAN", "THAI"])
def test_items_that_were_checked_by_eye(language: str) -> None:
    found = list(NextSentence().contrasts(held_out(getattr(stories, language))))
    assert damaged(found) == NEXT_SENTENCE[language]
    assert all(map(same_words, found))


def test_pairs_are_neighbours_of_one_document_and_share_no_sentence() -> None:
    text = held_out([["a", "b", "c", "d", "e"], ["f"], ["g", "h"]])
    assert list(documents(text)) == [[0, 2], [6]]


def test_a_sentence_that_was_left_out_parts_its_neighbours() -> None:
    text = held_out([["a", "b", "c", "d"]])
    text.sentences.place[:] = [0, 2, 3, 4]
    assert list(documents(text)) == [[1]]
