"""Sentences of a corpus as text."""

from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.text import decode, document_sizes, exact_decoder, read_sentences
from tests.worlds import replace_split, write_corpus

PIECES = ["[PAD]", "[UNK]", "do", "not", "stop", "##ping", "'", "t", "don", ",", ".", "我", "们"]


@pytest.fixture
def wordpiece(tmp_path: Path) -> Tokenizer:
    model = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(PIECES)}, unk_token="[UNK]"))
    model.normalizer, model.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    model.decoder = decoders.WordPiece()
    model.save(str(tmp_path / "tokenizer.json"))
    return model


def test_decoding_changes_no_word(wordpiece: Tokenizer, tmp_path: Path) -> None:
    """The usual clean-up after word pieces would make "don't" of "do not"."""
    ids = wordpiece.encode("do not don't stopping").ids
    assert exact_decoder(tmp_path).decode(ids) == "do not don ' t stopping"


@pytest.mark.parametrize(
    ("ids", "text"),
    [
        ([2, 3, 4, 5], "do not stopping"),
        ([2, 3, 9, 4, 10], "do not, stop."),
        ([8, 6, 7], "don ' t"),
        ([11, 12, 4], "我们 stop"),
        ([2, 1], None),  # an unknown token
        ([5, 2], None),  # no word begins with this piece
        ([], None),
    ],
)
def test_text_that_gives_the_same_tokens_again(
    ids: list[int], text: str | None, wordpiece: Tokenizer, tmp_path: Path
) -> None:
    assert decode(tmp_path, [ids]) == [text]


def test_sentences_of_documents_in_the_asked_order(tmp_path: Path) -> None:
    folder = write_corpus(tmp_path / "corpus").folder
    replace_split(folder, "validation", [[[5], [6, 7]], [[8]], [[9], [1, 9], [10]]])
    corpus = Corpus.open(folder)
    assert document_sizes(corpus, "validation").tolist() == [2, 1, 3]
    found = read_sentences(corpus, "validation", [2, 0], 100)
    assert found.texts == ["w9", "w10", "w5", "w6 w7"]
    assert found.document.tolist() == [2, 2, 0, 0]
    assert found.place.tolist() == [0, 2, 0, 1]
    assert found.left_out == 1
    assert read_sentences(corpus, "validation", [0, 2, 1], 3).texts == ["w5", "w6 w7", "w9"]
    assert read_sentences(corpus, "validation", [], 3).texts == []
