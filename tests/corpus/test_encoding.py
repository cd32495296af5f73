from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from nlp_ssl.corpus.assignment import DIVIDED, DROPPED, TRAIN, VALIDATION
from nlp_ssl.corpus.document_files import write_documents
from nlp_ssl.corpus.encoding import Encoding, encode_documents, offsets, shard_path
from nlp_ssl.corpus.store import read_shard
from nlp_ssl.json_files import read_object

TEXTS = ["A b. B a!", "b", "???", "a zzz"]


@pytest.fixture
def encoding(tmp_path: Path) -> Encoding:
    model = Tokenizer(models.WordLevel({"[UNK]": 0, "A": 1, "a": 2, "B": 3, "b": 4, ".": 5}, unk_token="[UNK]"))
    model.pre_tokenizer = pre_tokenizers.Whitespace()
    (tmp_path / "tokenizer").mkdir()
    model.save(str(tmp_path / "tokenizer" / "tokenizer.json"))
    return Encoding(tokenizer=tmp_path / "tokenizer", sentences="icu", language="en", unknown=0, wide=False)


def test_documents_become_sentences_of_tokens(encoding: Encoding, tmp_path: Path) -> None:
    write_documents(tmp_path / "a.txt", TEXTS)
    done = tmp_path / "a.json"
    encode_documents(tmp_path / "a.txt", np.array([TRAIN, DROPPED, TRAIN, TRAIN], np.uint8), encoding, done)
    shard = read_shard(shard_path(done, "train"))
    assert shard.tokens.dtype == np.uint16
    assert shard.tokens.tolist() == [1, 4, 5, 3, 2, 0, 0, 2, 0]
    assert shard.sentence_offsets.tolist() == [0, 3, 6, 7, 9]
    assert shard.document_offsets.tolist() == [0, 2, 3, 4]
    assert read_object(done, "")["facts"]["train"] == {
        "documents": 3, "sentences": 4, "tokens": 9, "bytes": 17, "words": 7, "unknown": 3, "unknown_bytes": 7,
        "special": 0, "empty": 0,
    }  # fmt: skip
    assert not shard_path(done, "validation").exists()


def test_a_divided_document_is_in_both_splits(encoding: Encoding, tmp_path: Path) -> None:
    write_documents(tmp_path / "a.txt", ["b.", "a b. a a. B.\nb b.", "a"], 0, lambda text, hash: (5, 10))
    fates = np.array([TRAIN, DIVIDED, VALIDATION], np.uint8)
    wide = replace(encoding, wide=True)
    encode_documents(tmp_path / "a.txt", fates, wide, tmp_path / "a.json")
    facts = read_object(tmp_path / "a.json", "")["facts"]
    assert (facts["train"]["documents"], facts["validation"]["documents"]) == (3, 2)
    train, validation = (read_shard(shard_path(tmp_path / "a.json", split)) for split in ("train", "validation"))
    assert train.tokens.tolist() == [4, 5, 2, 4, 5, 3, 5, 4, 4, 5]
    assert train.document_offsets.tolist() == [0, 1, 2, 4]
    assert validation.tokens.tolist() == [2, 2, 5, 2]
    assert validation.tokens.dtype == np.uint32


def test_bytes_of_unknown_text(encoding: Encoding, tmp_path: Path) -> None:
    write_documents(tmp_path / "a.txt", ["a 한글 b é", "b a", "😂"])
    encode_documents(tmp_path / "a.txt", np.zeros(3, np.uint8), encoding, tmp_path / "a.json")
    facts = read_object(tmp_path / "a.json", "")["facts"]["train"]
    assert (facts["unknown"], facts["unknown_bytes"]) == (3, 6 + 2 + 4)


def test_offsets() -> None:
    assert offsets(np.array([2, 0, 3])).tolist() == [0, 2, 2, 5]
    assert offsets(np.array([], np.int64)).tolist() == [0]
