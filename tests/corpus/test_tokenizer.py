import json
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import AutoTokenizer, BertTokenizer, PreTrainedTokenizerFast

from nlp_ssl.corpus.tokenizer import (
    SPECIAL,
    complete,
    compose,
    emoji_ids,
    gives_same_ids,
    load_backend_tokenizer,
    needs_space,
    post_processor,
    save_given,
    save_trained,
    surfaces,
    unused_ids,
    vocab_size,
    word_starts,
)
from nlp_ssl.corpus.tokenizer_training import ALGORITHMS, train_tokenizer
from nlp_ssl.errors import InputError

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "play", "##ing", "😂", "é"]


@pytest.fixture
def wordpiece() -> Tokenizer:
    model = Tokenizer(models.WordPiece({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    model.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    model.decoder = decoders.WordPiece()
    model.add_special_tokens(WORDS[:5])
    model.post_processor = post_processor(model, "[CLS]", "[SEP]")
    return model


def test_a_saved_tokenizer_is_the_same_with_and_without_transformers(wordpiece: Tokenizer, tmp_path: Path) -> None:
    assert save_trained(wordpiece, tmp_path) == {"pad": 0, "unk": 1, "cls": 2, "sep": 3, "mask": 4}
    assert load_backend_tokenizer(tmp_path).encode("playing x").ids == [2, 5, 6, 1, 3]
    given = AutoTokenizer.from_pretrained(tmp_path)
    pair = given("playing", "é")
    assert (pair.input_ids, pair.token_type_ids) == ([2, 5, 6, 3, 8, 3], [0, 0, 0, 0, 1, 1])
    assert (given.bos_token_id, given.eos_token_id, given.model_max_length) == (2, 3, 512)


def test_tokens_of_word_pieces(wordpiece: Tokenizer) -> None:
    assert vocab_size(wordpiece) == 9
    assert word_starts(wordpiece).tolist() == [True] * 6 + [False, True, True]
    assert surfaces(wordpiece, 10) == ("", "", "", "", "", "play", "ing", "😂", "é", "")
    assert emoji_ids(wordpiece) == {"😂": 7}
    assert not needs_space(wordpiece)


@pytest.mark.parametrize("prefix", [True, False])
def test_tokens_of_bytes(prefix: bool) -> None:
    model = Tokenizer(models.BPE({"Ġa": 0, "b": 1, "Ã": 2, "Ã©": 3}, []))
    model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    assert word_starts(model).tolist() == [True, False, False, False]
    assert surfaces(model, 4) == ("a", "b", "\ufffd", "é")
    assert needs_space(model) == (not prefix)


def test_tokens_of_unigram() -> None:
    model = Tokenizer(models.Unigram([("▁a", -1.0), ("b", -2.0)]))
    assert word_starts(model).tolist() == [True, False]
    assert surfaces(model, 2) == ("a", "b")


def test_missing_special_tokens_are_added(tmp_path: Path) -> None:
    model = Tokenizer(models.WordLevel({"a": 0, "<unk>": 1}, unk_token="<unk>"))
    model.pre_tokenizer = pre_tokenizers.Whitespace()
    (tmp_path / "given").mkdir()
    model.save(str(tmp_path / "given" / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "<unk>"}
    (tmp_path / "given" / "tokenizer_config.json").write_text(json.dumps(config))
    ids, added = save_given(str(tmp_path / "given"), tmp_path / "copy", ["bpe"])
    assert ids["unk"] == 1 and len(set(ids.values())) == 5
    assert added == ["[PAD]", "[CLS]", "[SEP]", "[MASK]"]
    assert load_backend_tokenizer(tmp_path / "copy").encode("a b").ids == [ids["cls"], 0, 1, ids["sep"]]


@pytest.mark.parametrize("before", [None, normalizers.Lowercase(), normalizers.Sequence([normalizers.NFC()])])
def test_a_given_tokenizer_composes_first(before: normalizers.Normalizer | None) -> None:
    model = Tokenizer(models.WordLevel({"[UNK]": 0, "é": 1, "한글": 2}, unk_token="[UNK]"))
    model.pre_tokenizer = pre_tokenizers.Whitespace()
    model.normalizer = before
    compose(model)
    once = model.to_str()
    compose(model)
    assert model.to_str() == once
    assert model.encode(unicodedata.normalize("NFD", "é 한글")).ids == [1, 2]


def test_a_given_tokenizer_that_its_class_would_rebuild_composes_too(tmp_path: Path) -> None:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "한", "##글"]
    given = BertTokenizer(vocab={word: i for i, word in enumerate(words)}, strip_accents=False)
    given.save_pretrained(tmp_path / "given")
    save_given(str(tmp_path / "given"), tmp_path / "copy", [])
    decomposed = unicodedata.normalize("NFD", "한글")
    assert len(decomposed) == 6
    assert load_backend_tokenizer(tmp_path / "copy").encode(decomposed).ids == [2, 5, 6, 3]
    assert AutoTokenizer.from_pretrained(tmp_path / "copy").encode(decomposed) == [2, 5, 6, 3]


def test_a_tokenizer_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none: no such folder; to train one, name one of bpe, unigram$"):
        save_given(str(tmp_path / "none"), tmp_path / "copy", ["bpe", "unigram"])


def test_a_tokenizer_on_the_hub_is_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(name: str, revision: str | None, allow_patterns: list[str]) -> str:
        assert (name, revision, allow_patterns) == ("owner/name", "v2", ["*.json", "*.txt", "*.model"])
        words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "one"]
        BertTokenizer(vocab={word: i for i, word in enumerate(words)}).save_pretrained(tmp_path / "copy")
        return str(tmp_path / "copy")

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    assert save_given("owner/name@v2", tmp_path / "saved", [])[0]["mask"] == 4
    assert load_backend_tokenizer(tmp_path / "saved").encode("one").ids == [2, 5, 3]


def test_a_mistyped_name_is_refused_with_the_names_to_train(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match=r"wordpeice: no such folder, and the hub .*; to train one, name one of bpe$"):
        save_given("wordpeice", tmp_path / "copy", ["bpe"])


def test_a_folder_without_a_tokenizer_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')
    with pytest.raises(InputError, match=r"\(tokenizer.json is missing\)"):
        save_given(str(tmp_path), tmp_path / "copy", ["bpe"])


@pytest.mark.parametrize("lowercase", [True, False])
def test_composed_text_gets_the_same_ids_without_composing_again(lowercase: bool, tmp_path: Path) -> None:
    text = ["caf\u00e9 and \uac00\ub098 STRASSE", "other words"]
    for algorithm in ALGORITHMS:
        made = train_tokenizer(algorithm, iter(text * 9), 400, 2, lowercase, Counter("".join(text * 9)), {})
        (tmp_path / algorithm).mkdir()
        save_trained(made, tmp_path / algorithm)
        usual, composed = (
            load_backend_tokenizer(tmp_path / algorithm),
            load_backend_tokenizer(tmp_path / algorithm, composed=True),
        )
        assert [e.ids for e in composed.encode_batch(text)] == [e.ids for e in usual.encode_batch(text)]
        assert composed.encode("cafe\u0301").ids != usual.encode("cafe\u0301").ids == usual.encode("caf\u00e9").ids


def test_ids_that_no_text_gives() -> None:
    model = Tokenizer(models.WordLevel({"[PAD]": 0, "[UNK]": 1, "a": 4, "b": 7, "<tool>": 8}, unk_token="[UNK]"))
    model.add_special_tokens(["[PAD]", "[UNK]", "<tool>"])
    assert unused_ids(model, [0, 1]) == (2, 3, 5, 6, 8)
    assert vocab_size(model) == 9
    assert surfaces(model, 9) == ("", "", "", "", "a", "", "", "b", "")


def test_a_byte_level_vocabulary_with_words_that_are_not_bytes() -> None:
    model = Tokenizer(models.BPE({"a": 0, "한글": 1, "Ġb": 2}, []))
    model.pre_tokenizer = pre_tokenizers.ByteLevel()
    assert surfaces(model, 3) == ("a", "한글", "b")


def test_missing_special_tokens_never_take_the_id_of_another_token(tmp_path: Path) -> None:
    words = {"[UNK]": 0, "a": 2, "b": 3, "c": 4, "d": 5, "e": 9}
    model = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    model.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=model, unk_token="[UNK]").save_pretrained(tmp_path / "given")
    (tmp_path / "out").mkdir()
    ids, added = save_given(str(tmp_path / "given"), tmp_path / "out", ALGORITHMS)
    assert added == ["[PAD]", "[CLS]", "[SEP]", "[MASK]"]
    assert ids == {"pad": 10, "unk": 0, "cls": 11, "sep": 12, "mask": 13}
    for tokenizer in (load_backend_tokenizer(tmp_path / "out"), AutoTokenizer.from_pretrained(tmp_path / "out")):
        assert tokenizer.get_vocab() == words | {"[PAD]": 10, "[CLS]": 11, "[SEP]": 12, "[MASK]": 13}
    assert AutoTokenizer.from_pretrained(tmp_path / "out")("a e").input_ids == [11, 2, 9, 12]


def test_tokenizers_give_the_same_ids_whatever_they_add_to_a_text(tmp_path: Path) -> None:
    words = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "a": 5, "b": 6}
    roles = {f"{role}_token": token for role, token in SPECIAL.items()}

    def made(vocabulary: dict[str, int], **more: str) -> PreTrainedTokenizerFast:
        model = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=model, **{**roles, **more})
        complete(tokenizer, "", "")
        return tokenizer

    one, other = made(words), made(words)
    other.backend_tokenizer.post_processor = post_processor(other.backend_tokenizer, "[CLS]", "[SEP]")
    assert gives_same_ids(one, other)
    assert not gives_same_ids(one, made({**words, "a": 6, "b": 5}))
    assert not gives_same_ids(one, made(words, mask_token="[SEP]"))
    other.backend_tokenizer.normalizer = normalizers.Lowercase()
    assert not gives_same_ids(one, other)
