from dataclasses import replace

import numpy as np
import pytest

from nlp_ssl.objectives.token_type import TokenType
from tests.objectives.test_mlm import Draws, clean
from tests.worlds import words_vocabulary

# 5 the, 6 The, 7 cat, 8 ##s, 9 1984, 10 ;, 11 😂, 12 B12
WORDS = words_vocabulary("the The cat ##s 1984 ; 😂 B12")
COUNTS = np.array([0, 3, 0, 0, 0, 30, 5, 9, 20, 50, 90, 40, 1])


def test_by_hand() -> None:
    words = replace(WORDS, counts=COUNTS)
    batch = clean([[2, 5, 6, 7, 8, 9, 10, 3], [2, 11, 12, 1, 3]])
    low, high = 0.0, 0.9
    noise = Draws(
        mask=[[high, low, low, low, low, low, low, high], [high, low, low, low, high, high, high, high]],
        fate=[[0.0] * 8] * 2,
        word=[[0.0] * 8] * 2,
    )
    out = TokenType(stop_words=2).corrupt(batch, words, noise)
    assert out.ids.tolist() == [[2, 4, 4, 4, 4, 4, 4, 3], [2, 4, 4, 4, 3, 0, 0, 0]]
    stop, word, number, punctuation, other, none = 0, 1, 2, 3, 4, -100
    # "the" and "The" are one word, 35 times in the text; "s" is the second, 20 times; punctuation is no word.
    assert out.targets["masked_lm"].labels.tolist() == [
        [none, stop, stop, word, stop, number, punctuation, none],
        [none, other, word, other, none, none, none, none],
    ]


@pytest.mark.parametrize(("stop_words", "stops"), [(1, [5, 6]), (3, [5, 6, 7, 8]), (99, [5, 6, 7, 8, 12])])
def test_the_most_frequent_words_are_stop_words(stop_words, stops) -> None:
    words = replace(WORDS, counts=COUNTS)
    assert np.flatnonzero(TokenType(stop_words=stop_words).class_of(words) == 0).tolist() == stops


@pytest.mark.parametrize("wrong", [-1, 0, 10_001])
def test_the_number_of_stop_words_is_bounded(wrong: int) -> None:
    with pytest.raises(ValueError, match=f"stop_words is {wrong}: it must lie in 1..10,000"):
        TokenType(stop_words=wrong)


def test_words_that_never_occur_are_not_stop_words() -> None:
    words = replace(WORDS, counts=np.zeros(WORDS.size, np.int64))
    assert TokenType().class_of(words)[5:].tolist() == [1, 1, 1, 1, 2, 3, 4, 1]


def test_words_of_any_script() -> None:
    words = words_vocabulary("는 猫 кот ٣ 。 ！ \ufffd กิน \u0301")
    unseen = replace(words, counts=np.zeros(words.size, np.int64))  # so that none is a stop word
    assert TokenType().class_of(unseen)[5:].tolist() == [1, 1, 1, 2, 3, 3, 4, 1, 1]
