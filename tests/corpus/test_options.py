from pathlib import Path

import pytest

from nlp_ssl.corpus.options import Options
from nlp_ssl.errors import InputError


def test_all_problems_are_reported_together() -> None:
    with pytest.raises(InputError) as error:
        Options(text=(), out=Path("x"), vocab_size=299, min_frequency=0, validation=0.51, processes=0)
    assert error.value.problems == (
        "--vocab-size is 299: it must be at least 300 (characters, words, special tokens)",
        "--min-frequency is 0: it must be at least 1",
        "--validation is 0.51: it must be between 0 and 0.5",
        "--processes is 0: it must be at least 1",
        "prepare: name the text to read (files, folders, globs, a declared corpus)",
    )


def test_a_byte_level_vocabulary_needs_every_byte() -> None:
    with pytest.raises(InputError, match="at least 300 \\(256 bytes and the special tokens\\)"):
        Options(text=("a",), out=Path("x"), vocab_size=299, tokenizer="bpe")


def test_limits_are_allowed() -> None:
    Options(text=("a",), out=Path("x"), vocab_size=300, min_frequency=1, validation=0.5, processes=1)
    Options(text=("a",), out=Path("x"), validation=0.0)
