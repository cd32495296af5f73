import numpy as np
import pytest

from nlp_ssl.cli import main
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.similarity import agreement, read_pairs
from tests.worlds import write_corpus

WORDS = ["up", "high", "down", "cold"]
VECTORS = np.array([[1, 0], [2, 1], [-3, 0], [0, 1]], np.float32)


def test_by_hand() -> None:
    # Cosines: up-high .89, up-cold 0, up-down -1; high-cold .45. Ranks 4 2 1 3, judged 4 3 1 2: 1 - 6 * 2 / 60.
    pairs = [("up", "high", 9.0), ("up", "cold", 5.0), ("Up", "down", 1.0), ("high", "cold", 3.0), ("up", "sky", 7.0)]
    found = agreement(pairs, WORDS, VECTORS)
    assert found.spearman == pytest.approx(0.8)
    assert (found.pairs, found.unknown) == (5, pytest.approx(0.2))


def test_a_vector_of_zeros_is_like_nothing() -> None:
    vectors = np.array([[1, 0], [2, 1], [0, 0], [0, 1]], np.float32)
    assert np.isfinite(agreement([("up", "high", 2.0), ("up", "down", 1.0)], WORDS, vectors).spearman)


@pytest.mark.parametrize(
    "text",
    [
        "# a list\n# Word 1\tWord 2\tHuman\nup\thigh\t9.5\n\nup\tdown\t1\n",
        "Word 1,Word 2,Human (mean)\nup,high,9.5\nup,down,1",
        "up\thigh\t9.5\tnoun\nup\tdown\t1\tnoun\n",
    ],
)
def test_lists_are_read(text, tmp_path) -> None:
    (tmp_path / "pairs").write_text(text)
    assert read_pairs(tmp_path / "pairs") == [("up", "high", 9.5), ("up", "down", 1.0)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("up,high,9\nup,down\n", "line 2: expected two words and a number, got 'up,down'"),
        ("up,high,9\nup,down,１\n", "line 2: expected two words and a number, got 'up,down,１'"),
        ("# nothing\n", "no word pairs in this file"),
    ],
)
def test_damaged_lists_are_refused(text, why, tmp_path) -> None:
    (tmp_path / "pairs").write_text(text)
    with pytest.raises(InputError, match=why):
        read_pairs(tmp_path / "pairs")
    with pytest.raises(InputError, match="none: no such file"):
        read_pairs(tmp_path / "none")


def test_the_command(tmp_path, capsys) -> None:
    """In these texts every word is followed by the next one, so near numbers are near in meaning."""
    corpus = write_corpus(tmp_path / "corpus")
    run = ["pretrain", "skip_gram", "--corpus", str(corpus.folder), "--out", str(tmp_path / "run"), "--batch.tokens"]
    more = ["256", "--budget", "150-steps", "--evaluations", "1", "--objective.skip-gram.sample", "0"]
    assert main([*run, *more]) == 0
    lines = [f"w{i}\tw{j}\t{-abs(i - j)}" for i in range(10, 25) for j in range(i + 1, 30)]
    (tmp_path / "near.tsv").write_text("\n".join([*lines, "w20\tsky\t5"]))
    capsys.readouterr()
    assert main(["similarity", str(tmp_path / "run"), "--pairs", str(tmp_path / "near.tsv")]) == 0
    name, spearman, pairs, unknown = capsys.readouterr().out.splitlines()[-1].split()
    assert (name, pairs, unknown) == ("near.tsv", "181", "0.6%")
    assert float(spearman) > 0.5
