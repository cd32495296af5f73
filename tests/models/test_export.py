from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer

from nlp_ssl.cli import main
from nlp_ssl.models.export import word2vec
from nlp_ssl.models.static import StaticVectorsConfig, StaticVectorsForNegativeSampling
from tests.worlds import write_corpus


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A run whose vectors are known."""
    folder = tmp_path_factory.mktemp("run")
    corpus = write_corpus(folder / "corpus")
    model = StaticVectorsForNegativeSampling(StaticVectorsConfig(vocab_size=50, hidden_size=3))
    model.body.vectors.weight.data = torch.arange(150.0).reshape(50, 3) / 7
    model.save_pretrained(folder / "model")
    AutoTokenizer.from_pretrained(corpus.tokenizer_folder).save_pretrained(folder / "model")
    return folder


def test_text_by_hand() -> None:
    vectors = np.array([[0.5, -2.0], [1.25, 3.0]], np.float32)
    assert word2vec(["a", "새 말"], vectors, binary=False).decode() == "2 2\na 0.5 -2.0\n새_말 1.25 3.0\n"


def test_binary_by_hand() -> None:
    vectors = np.array([[0.5, -2.0]], np.float32)
    assert word2vec(["a"], vectors, binary=True) == b"1 2\na \x00\x00\x00\x3f\x00\x00\x00\xc0\n"


@pytest.mark.parametrize("name", ["v.bin", "v.txt", "v.vec"])
def test_gensim_reads_them(run, tmp_path, name) -> None:
    gensim = pytest.importorskip("gensim.models")
    assert main(["export", str(run), "--format", "word2vec", "--out", str(tmp_path / name)]) == 0
    vectors = gensim.KeyedVectors.load_word2vec_format(str(tmp_path / name), binary=name.endswith("bin"))
    assert len(vectors) == 45 and vectors.vector_size == 3  # without the five special tokens
    assert np.array_equal(vectors["w7"], np.array([21, 22, 23], np.float32) / np.float32(7))


def test_what_cannot_be_written_is_refused(run, tmp_path, capsys) -> None:
    wrong = {
        "v.npy": "the suffix must be one of .txt, .vec, .bin",
        "missing/v.bin": "no such folder",
    }
    for name, why in wrong.items():
        assert main(["export", str(run), "--format", "word2vec", "--out", str(tmp_path / name)]) == 2
        assert why in capsys.readouterr().err
    assert main(["export", str(tmp_path), "--format", "word2vec", "--out", str(tmp_path / "v.bin")]) == 2
    assert "an unfinished run has no model" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
