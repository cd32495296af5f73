"""Errors that a user can cause."""

import pickle

import pytest

from nlp_ssl.errors import FieldError, InputError, did_you_mean, require


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
