"""A corpus for short runs."""

from pathlib import Path

import pytest

from tests.worlds import write_corpus


@pytest.fixture(scope="package")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared corpus of 50 tokens, on disk."""
    return write_corpus(tmp_path_factory.mktemp("worlds") / "corpus").folder
