import json
from pathlib import Path

import numpy as np
import pytest
from datasets import Dataset

from nlp_ssl.corpus.store import Corpus, read_shard, write_shard
from nlp_ssl.errors import InputError
from tests.worlds import write_corpus


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32])
def test_a_shard_reads_back_and_datasets_reads_it_too(tmp_path: Path, dtype) -> None:
    tokens = np.array([1, 2, 3, 4], dtype)
    write_shard(tmp_path / "a.arrow", tokens, np.array([0, 1, 3, 4], np.int32), np.array([0, 2, 3], np.int32))
    shard = read_shard(tmp_path / "a.arrow")
    assert (shard.tokens.tolist(), shard.tokens.dtype) == ([1, 2, 3, 4], dtype)
    assert shard.sentence_offsets.tolist() == [0, 1, 3, 4]
    assert shard.document_offsets.tolist() == [0, 2, 3]
    assert Dataset.from_file(str(tmp_path / "a.arrow"))["sentences"][:] == [[[1], [2, 3]], [[4]]]


def test_damaged_shards(tmp_path: Path) -> None:
    (tmp_path / "a.arrow").write_bytes(b"no arrow")
    with pytest.raises(InputError, match=r"a\.arrow: damaged shard"):
        read_shard(tmp_path / "a.arrow")


def test_a_folder_without_a_corpus(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"make one with `nlp-ssl prepare TEXT\.\.\. --out FOLDER`"):
        Corpus.open(tmp_path)
    (tmp_path / "work").mkdir()
    with pytest.raises(InputError, match="run the same `nlp-ssl prepare` again"):
        Corpus.open(tmp_path)


def test_damaged_corpora(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    path = corpus.folder / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"format": 2}))
    with pytest.raises(InputError, match="corpus format 2, this version reads 1"):
        Corpus.open(corpus.folder)
    path.write_text(json.dumps({"format": 1}))
    with pytest.raises(InputError, match="damaged"):
        Corpus.open(corpus.folder)
    manifest["splits"]["train"]["tokens"] += 1
    path.write_text(json.dumps(manifest))
    with pytest.raises(InputError, match="the manifest says"):
        Corpus.open(corpus.folder).shards("train")
    (corpus.tokenizer_folder / "word_starts.npy").write_bytes(b"x")
    with pytest.raises(InputError, match=r"word_starts\.npy: damaged"):
        _ = corpus.word_starts
