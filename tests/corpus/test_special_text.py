import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from nlp_ssl.corpus.special_text import separate_special_tokens, special_tokens, spelled_in_two, spellings
from nlp_ssl.errors import InputError


def unigram(*special: str) -> Tokenizer:
    pieces = [(token, 0.0) for token in special] + [("▁", -2.0), *((c, -3.0) for c in "ab<>/s[]😂")]
    model = Tokenizer(models.Unigram(pieces, unk_id=0))
    model.pre_tokenizer = pre_tokenizers.Metaspace()
    model.add_special_tokens(list(special))
    model.add_tokens(["😂"])
    return model


def test_special_tokens_are_those_that_are_not_emoji() -> None:
    model = unigram("<unk>", "</s>")
    assert special_tokens(model) == {"<unk>": 0, "</s>": 1}
    assert spellings(model).findall("a </s> b<unk></s>< s>😂") == ["</s>", "<unk>", "</s>"]
    assert spellings(Tokenizer(models.BPE())).findall("a</s>") == []


def test_pieces_of_the_model_that_are_special_are_cut() -> None:
    model = unigram("<unk>", "</s>")
    model.encode_special_tokens = True
    assert model.encode("b</s> 😂").tokens == ["▁", "b", "</s>", "▁", "😂"]
    assert separate_special_tokens(model)
    assert model.encode("b</s> 😂").tokens == ["▁", "b", "<", "/", "s", ">", "▁", "😂"]
    assert not separate_special_tokens(model)  # once is enough
    model.encode_special_tokens = False
    assert model.encode("b</s>").ids == [2, 4, 1]  # who asks for the special token gets it


def test_a_tokenizer_that_splits_punctuation_is_left_alone() -> None:
    model = Tokenizer(models.WordLevel({"[UNK]": 0, "[SEP]": 1, "SEP": 2, "[": 3, "]": 4}, unk_token="[UNK]"))
    model.pre_tokenizer = pre_tokenizers.Whitespace()
    model.add_special_tokens(["[UNK]", "[SEP]"])
    before = model.to_str()
    assert not separate_special_tokens(model)
    assert model.to_str() == before


def test_a_special_token_of_one_character_is_refused() -> None:
    with pytest.raises(InputError, match="reads the text 'a' as a special token"):
        separate_special_tokens(unigram("<unk>", "a"))


def test_the_first_character_is_cut_off() -> None:
    split = pre_tokenizers.Split(spelled_in_two(["[SEP]", "<s>", "x"]), "isolated")
    assert [part for part, _ in split.pre_tokenize_str("x[SEP]<s> [sep]")] == ["x", "[", "SEP]", "<", "s> [sep]"]
