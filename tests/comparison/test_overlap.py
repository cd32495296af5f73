from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.comparison import overlap
from nlp_ssl.comparison.overlap import WINDOW, overlaps, words_of
from nlp_ssl.corpus import tokenizer
from nlp_ssl.corpus.store import Corpus
from tests.worlds import replace_split, write_corpus

A_TEXT = [f"w{i}" for i in range(10, 30)]  # 20 words


def hashes(*texts: str) -> list[list[int]]:
    found, starts = words_of(texts)
    return [found[a:b].tolist() for a, b in pairwise(starts)]


def test_words_are_runs_of_letters_and_digits() -> None:
    plain = hashes("do not stop", "", "the 2nd")
    assert [len(words) for words in plain] == [3, 0, 2]
    assert hashes("Do -- NOT, stop!\n", "...", "THE ²nd") == plain
    assert hashes("stop not do")[0] == plain[0][::-1]
    assert hashes("donot stop")[0] != plain[0]
    assert hashes("가 나다") == hashes("가  나다.") and len(hashes("가 나다")[0]) == 2
    assert hashes("我们 ab") == hashes("我 们ab"), "a tokenizer puts spaces around Chinese characters"
    many, _ = words_of([f"word{i}" for i in range(5000)])
    assert len(np.unique(many)) == 5000


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """Two documents: one of the sentences w10..w29 and "w30 w31", and one that is "w40 w41. w42"."""
    folder = write_corpus(tmp_path / "corpus").folder
    replace_split(folder, "train", [[list(range(10, 30)), [30, 31]], [[40, 41], [42]]])
    return Corpus.open(folder)


@pytest.mark.parametrize(
    ("text", "exact", "near"),
    [
        ("W30, w31!", 1, 0),  # a sentence
        ("w40 w41 w42", 1, 0),  # a document
        ("w31 w30", 0, 0),
        ("w40", 0, 0),  # a part of a sentence, and too short to be near
        (" ".join(A_TEXT), 1, 0),
        (" ".join(A_TEXT[2:15]), 0, 1),  # all of its runs
        (" ".join([*A_TEXT[12:], "w30", "w31"]), 0, 1),  # across sentences
        (" ".join([*A_TEXT[:15], *["w49"] * 8]), 0, 1),  # 8 of 16 runs
        (" ".join([*A_TEXT[:15], *["w49"] * 9]), 0, 0),  # 8 of 17
        ("", 0, 0),
    ],
)
def test_a_text_is_exact_or_near_or_neither(text: str, exact: int, near: int, corpus: Corpus) -> None:
    found = overlaps(corpus, {"dev": [["w5 w6", text], []]})
    assert found == {"dev": {"exact": exact, "near": near, "of": 2}}


def test_splits_and_pairs_are_counted_by_example(corpus: Corpus) -> None:
    near = " ".join(A_TEXT[:12])
    found = overlaps(
        corpus,
        {
            "train": [["w30 w31", "w5", near], ["w5", "w40 w41", "w30 w31"]],  # either text counts, exact before near
            "dev": [[near], ["w5"]],
        },
    )
    assert found == {"train": {"exact": 3, "near": 0, "of": 3}, "dev": {"exact": 0, "near": 1, "of": 1}}


def test_the_size_of_the_pieces_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    tokens, offsets = (getattr(corpus.shards("train")[0], name) for name in ("tokens", "sentence_offsets"))
    draw = np.random.default_rng(0)
    word = tokenizer.load_backend_tokenizer(corpus.tokenizer_folder).id_to_token
    texts = [" ".join(map(word, tokens[a : a + 15])) for a in draw.integers(0, len(tokens) - 15, 50)]
    texts += [" ".join(map(word, tokens[offsets[s] : offsets[s + 1]])) for s in draw.integers(0, 100, 50)]
    found = []
    for size in (1, 30, 10**6):
        monkeypatch.setattr(overlap, "TOKENS_AT_ONCE", size)
        found.append(overlaps(corpus, {"train": [texts, []]}))
    assert found[0] == found[1] == found[2]
    assert found[0]["train"]["exact"] >= 50 and found[0]["train"]["near"] >= 40


def test_an_n_gram_has_eight_words() -> None:
    words, _ = words_of([" ".join(A_TEXT)])
    runs = overlap._runs(words)
    assert len(runs) == 20 - WINDOW + 1 and len(set(runs.tolist())) == len(runs)
    again, _ = words_of([" ".join(["w1", *A_TEXT[3 : 3 + WINDOW]])])
    assert overlap._runs(again)[1] == runs[3]
    assert len(overlap._runs(words[: WINDOW - 1])) == 0
