from pathlib import Path

import pytest

from nlp_ssl.corpus.options import PrepareOptions
from nlp_ssl.errors import InputError


def test_all_problems_are_reported_together() -> None:
    with pytest.raises(InputError) as error:
        PrepareOptions(text=(), out=Path("x"), vocab_size=299, min_frequency=0, validation=0.51, processes=0)
    assert error.value.problems == (
        "--vocab-size is 299: it must be at least 300 (characters, words, special tokens)",
        "--min-frequency is 0: it must be at least 1",
        "--validation is 0.51: it must be between 0 and 0.5",
        "--processes is 0: it must be at least 1",
        "prepare: name the text to read (files, folders, globs, a declared corpus)",
    )


def test_a_byte_level_vocabulary_needs_every_byte() -> None:
    with pytest.raises(InputError, match="at least 300 \\(256 bytes and the special tokens\\)"):
        PrepareOptions(text=("a",), out=Path("x"), vocab_size=299, tokenizer="bpe")


def test_sentinels_are_none_or_enough_for_a_sequence() -> None:
    for wrong in (-1, 3, 9, 1001):
        with pytest.raises(InputError, match=f"--sentinels is {wrong}: it must be 0 or between 10 and 1000"):
            PrepareOptions(text=("a",), out=Path("x"), sentinels=wrong)
    assert [PrepareOptions(text=("a",), out=Path("x"), sentinels=n).sentinels for n in (0, 10, 1000)] == [0, 10, 1000]


def test_limits_are_allowed() -> None:
    PrepareOptions(text=("a",), out=Path("x"), vocab_size=300, min_frequency=1, validation=0.5, processes=1)
    PrepareOptions(text=("a",), out=Path("x"), validation=0.0)
