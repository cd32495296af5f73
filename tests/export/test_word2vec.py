import numpy as np
import pytest

from nlp_ssl.cli import main
from nlp_ssl.export.word2vec import word2vec
from nlp_ssl.models.word_vectors import word_vectors


def test_text_by_hand() -> None:
    vectors = np.array([[0.5, -2.0], [1.25, 3.0]], np.float32)
    assert word2vec(["a", "새 말"], vectors, binary=False).decode() == "2 2\na 0.5 -2.0\n새_말 1.25 3.0\n"


def test_binary_by_hand() -> None:
    vectors = np.array([[0.5, -2.0]], np.float32)
    assert word2vec(["a"], vectors, binary=True) == b"1 2\na \x00\x00\x00\x3f\x00\x00\x00\xc0\n"


@pytest.mark.parametrize("name", ["v.bin", "v.txt", "v.vec"])
def test_gensim_reads_them(run, tmp_path, name) -> None:
    gensim = pytest.importorskip("gensim.models")
    assert main(["export", str(run("static")), "--for", "word2vec", "--out", str(tmp_path / name)]) == 0
    vectors = gensim.KeyedVectors.load_word2vec_format(str(tmp_path / name), binary=name.endswith("bin"))
    assert len(vectors) == 34 and vectors.vector_size == 3  # without the five special tokens
    words, expected = word_vectors(run("static") / "model")
    assert np.array_equal(vectors["w7"], expected[words.index("w7")])
