from pathlib import Path

import pytest

from nlp_ssl.corpus.options import Options
from nlp_ssl.errors import InputError


def test_all_problems_are_reported_together() -> None:
    with pytest.raises(InputError) as error:
        Options(text=(), out=Path("x"), vocab_size=299, min_frequency=0, validation=0.51, processes=0)
    assert error.value.problems == (
        "--vocab-size 299: must be 300 or more (256 bytes, special tokens)",
        "--min-frequency 0: must be 1 or more",
        "--validation 0.51: must be between 0 and 0.5",
        "--processes 0: must be 1 or more",
        "prepare: name the text to read (files, folders, globs, a declared corpus)",
    )


def test_limits_are_allowed() -> None:
    Options(text=("a",), out=Path("x"), vocab_size=300, min_frequency=1, validation=0.5, processes=1)
    Options(text=("a",), out=Path("x"), validation=0.0)
