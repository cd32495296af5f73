import json
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from nlp_ssl.corpus.document_files import read_hashes, write_documents
from nlp_ssl.corpus.encoding import Encoding, encode_documents, offsets, shard_path
from nlp_ssl.corpus.store import read_shard

TEXTS = ["A b. B a!", "b", "???", "a zzz"]


@pytest.fixture
def encoding(tmp_path: Path) -> Encoding:
    model = Tokenizer(models.WordLevel({"[UNK]": 0, "A": 1, "a": 2, "B": 3, "b": 4, ".": 5}, unk_token="[UNK]"))
    model.pre_tokenizer = pre_tokenizers.Whitespace()
    (tmp_path / "tokenizer").mkdir()
    model.save(str(tmp_path / "tokenizer" / "tokenizer.json"))
    return Encoding(
        tokenizer=tmp_path / "tokenizer", sentences="icu", language="en", unknown=0, wide=False, validation_below=0
    )


def test_documents_become_sentences_of_tokens(encoding: Encoding, tmp_path: Path) -> None:
    write_documents(tmp_path / "a.txt", TEXTS)
    done = tmp_path / "a.json"
    encode_documents(tmp_path / "a.txt", np.array([False, True, False, False]), encoding, done)
    shard = read_shard(shard_path(done, "train"))
    assert shard.tokens.dtype == np.uint16
    assert shard.tokens.tolist() == [1, 4, 5, 3, 2, 0, 0, 2, 0]
    assert shard.sentence_offsets.tolist() == [0, 3, 6, 7, 9]
    assert shard.document_offsets.tolist() == [0, 2, 3, 4]
    assert json.loads(done.read_text())["train"] == {
        "documents": 3, "sentences": 4, "tokens": 9, "bytes": 17, "words": 7, "unknown": 3, "unknown_bytes": 7,
        "special": 0, "empty": 0,
    }  # fmt: skip
    assert not shard_path(done, "validation").exists()


def test_hashes_choose_the_split(encoding: Encoding, tmp_path: Path) -> None:
    write_documents(tmp_path / "a.txt", TEXTS)
    hashes = read_hashes(tmp_path / "a.txt")
    one = Encoding(**{**vars(encoding), "validation_below": int(np.sort(hashes)[1]), "wide": True})
    encode_documents(tmp_path / "a.txt", np.zeros(4, np.bool_), one, tmp_path / "a.json")
    facts = json.loads((tmp_path / "a.json").read_text())
    assert (facts["train"]["documents"], facts["validation"]["documents"]) == (3, 1)
    assert read_shard(shard_path(tmp_path / "a.json", "validation")).tokens.dtype == np.uint32


def test_bytes_of_unknown_text(encoding: Encoding, tmp_path: Path) -> None:
    write_documents(tmp_path / "a.txt", ["a 한글 b é", "b a", "😂"])
    encode_documents(tmp_path / "a.txt", np.zeros(3, np.bool_), encoding, tmp_path / "a.json")
    facts = json.loads((tmp_path / "a.json").read_text())["train"]
    assert (facts["unknown"], facts["unknown_bytes"]) == (3, 6 + 2 + 4)


def test_offsets() -> None:
    assert offsets(np.array([2, 0, 3])).tolist() == [0, 2, 2, 5]
    assert offsets(np.array([], np.int64)).tolist() == [0]
