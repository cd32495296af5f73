from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models
from transformers import AutoTokenizer, PreTrainedTokenizerFast

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


def test_tokens_are_those_that_the_tokenizer_lists(tmp_path, capsys) -> None:
    words = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "play": 7, "late": 49}
    model = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    roles = {f"{role}_token": f"[{role.upper()}]" for role in ("pad", "unk", "cls", "sep", "mask")}
    PreTrainedTokenizerFast(tokenizer_object=model, **roles).save_pretrained(tmp_path / "model")
    for size, status in ((50, 0), (49, 2)):
        vectors = StaticVectorsForNegativeSampling(StaticVectorsConfig(vocab_size=size, hidden_size=2))
        vectors.body.vectors.weight.data = torch.arange(2.0 * size).reshape(size, 2)
        vectors.save_pretrained(tmp_path / "model")
        assert main(["export", str(tmp_path), "--format", "word2vec", "--out", str(tmp_path / "v.txt")]) == status
    assert (tmp_path / "v.txt").read_text() == "2 2\nplay 14.0 15.0\nlate 98.0 99.0\n"
    assert "the tokenizer has the id 49, but the model has 49 embeddings" in capsys.readouterr().err


def test_models_without_word_vectors_are_refused(run, tmp_path, capsys) -> None:
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
