"""Errors that a user can cause."""

import pickle

import pytest

from nlp_ssl.corpus.streams import DecodingError
from nlp_ssl.errors import FieldError, InputError, cut, did_you_mean, first_line, listing, require, short


def test_an_input_error_has_each_problem() -> None:
    error = InputError("one", "two")
    assert error.problems == ("one", "two") and str(error) == "one\ntwo"


def test_a_broken_rule_names_the_field() -> None:
    require(True, "warmup", 2, "it must lie in 0..1")
    with pytest.raises(ValueError, match=r"^warmup is 2: it must lie in 0\.\.1$") as caught:
        require(False, "warmup", 2, "it must lie in 0..1")
    assert isinstance(caught.value, FieldError)
    assert (caught.value.field, caught.value.value, caught.value.rule) == ("warmup", 2, "it must lie in 0..1")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_suggestion_or_a_list() -> None:
    assert did_you_mean("mml", ["mlm", "clm"]) == "did you mean 'mlm'?"
    assert did_you_mean("zzz", ["mlm", "clm"]) == "there are clm, mlm"


def test_a_list_has_at_most_ten_items_and_each_is_cut() -> None:
    assert listing(["a", "b"]) == "there are a, b"
    assert listing(range(10), "the labels are ") == "the labels are 0, 1, 2, 3, 4, 5, 6, 7, 8, 9"
    assert listing(range(1012)) == "there are 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 1,002 more"
    assert listing(["x" * 10**6]) == "there are " + "x" * 59 + "…"
    assert len(did_you_mean("zzz", [f"{'long ' * 1000}{i}" for i in range(5000)])) < 700


def test_a_cut_text_is_one_line() -> None:
    assert cut("a\n  b") == "a b"
    assert cut("é" * 60) == "é" * 60


@pytest.mark.parametrize(
    "error",
    [InputError("one"), InputError("one", "two"), DecodingError("a.txt: not text", "give --encoding", 7)],
)
def test_an_error_survives_the_way_back_from_a_worker(error: InputError) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error) and back.problems == error.problems and vars(back) == vars(error)
    assert str(back) == str(error)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("one\ntwo"), "one"),
        (KeyError(), "KeyError"),
        (OSError(" \n "), "OSError"),
        (ValueError("\n a "), "a"),
    ],
)
def test_the_first_line_of_an_error(error: Exception, line: str) -> None:
    assert first_line(error) == line


def test_a_text_is_cut_to_one_line() -> None:
    assert cut("a\n b", 3) == "a b" and cut("abcd", 3) == "ab…" and cut("x" * 61) == "x" * 59 + "…"


def test_a_long_message_is_cut_in_its_long_words_first() -> None:
    assert short("a" * 299) == "a" * 299
    cut_word = short(f"--seed is '{'9' * 5000}': it must be a whole number")
    assert cut_word == f"--seed is '{'9' * 49}…{'9' * 23}': it must be a whole number"
    many = short("word " * 200 + "end")
    assert len(many) == 299 and many.startswith("word word") and many.endswith("word end")
