"""Pairs of a sentence and its damaged version."""

from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.tasks.from_corpus import damaged, odd_word
from nlp_ssl.tasks.from_corpus.base import TooLittleTextError
from nlp_ssl.tasks.from_corpus.damaged import damaged_pairs
from tests.worlds import replace_split, write_corpus


def test_pairs_have_the_same_words_and_a_paradigm_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(odd_word, "MOST_FREQUENT", 1.0)
    monkeypatch.setattr(damaged, "PAIRS", 60)
    folder = write_corpus(tmp_path / "corpus").folder
    replace_split(folder, "validation", np.random.default_rng(5).integers(5, 30, (40, 12, 8)).tolist())
    pairs = damaged_pairs(folder)
    assert [sum(paradigm == name for *_, paradigm in pairs) for name in ("bigram_shift", "half_order", "odd_word")] == [
        60, 60, 60,
    ]  # fmt: skip
    assert len(pairs) == 180
    for good, bad, paradigm in pairs:
        assert good != bad
        assert paradigm == "odd_word" or sorted(good.split()) == sorted(bad.split())
    odd = [(good, bad) for good, bad, paradigm in pairs if paradigm == "odd_word"]
    assert sorted(" ".join(good for good, _ in odd).split()) == sorted(" ".join(bad for _, bad in odd).split())


def test_long_sentences_and_small_paradigms_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_corpus(tmp_path / "corpus").folder
    draw = np.random.default_rng(5)
    replace_split(
        folder, "validation", [draw.integers(5, 50, (60, 8)).tolist(), draw.integers(5, 50, (60, 39)).tolist()]
    )
    pairs = damaged_pairs(folder)
    assert {paradigm for *_, paradigm in pairs} == {"bigram_shift", "half_order"}
    assert max(len(text) for good, bad, _ in pairs for text in (good, bad)) <= 100
    monkeypatch.setattr(damaged, "FEWEST_PAIRS", 61)
    with pytest.raises(
        TooLittleTextError, match=r"corpus: its held-out text gives \d+ damaged sentences of a kind, at least 61"
    ):
        damaged_pairs(folder)
