"""Where sentences can be changed without a trace."""

from nlp_ssl.tasks.from_corpus.places import has_usual_length, inner_words, touching


def test_sentences_have_six_to_forty_words() -> None:
    lengths = [5, 6, 40, 41]
    assert [has_usual_length((["word", " "] * n)[:-1]) for n in lengths] == [False, True, True, False]
    assert not has_usual_length([*["word", " "] * 5, "!", "?", "…"])


def test_inner_words_are_neither_first_nor_joined() -> None:
    assert inner_words(["He", " ", "saw", " ", "half", "-", "past", " ", "two", " ", "o'clock", "."]) == [2, 8, 10]
    assert inner_words(["Mr", ".", " ", "Ben", " ", "met", " ", "Dr", ".", " ", "Lee"]) == [5]
    assert inner_words(["Yes"]) == []


def test_words_touch_with_one_space_or_none_where_the_script_has_none() -> None:
    assert touching(["a", " ", "b"], 0, 2)
    assert not touching(["a", "\t", "b"], 0, 2)
    assert not touching(["a", ",", " ", "b"], 0, 3)
    assert touching(["我", "看见"], 0, 1)
    assert not touching(["a", "我"], 0, 1)
