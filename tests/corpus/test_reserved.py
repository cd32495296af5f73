from collections import Counter

from nlp_ssl.corpus.reserved import reserved_ids, reserved_tokens
from nlp_ssl.corpus.tokenizer_training import train_tokenizer

TEXT = ["the river ran by the old mill"] * 30


def trained(algorithm: str, sentinels: int):
    return train_tokenizer(algorithm, iter(TEXT), 300, 2, True, Counter("".join(TEXT)), {}, sentinels)


def test_sentinels_have_t5s_names_and_come_with_ul2s_modes() -> None:
    assert reserved_tokens(2) == ["<extra_id_0>", "<extra_id_1>", "[R]", "[S]", "[X]"]
    assert reserved_tokens(0) == []


def test_the_ids_of_text_do_not_depend_on_reserved_tokens() -> None:
    for algorithm in ("wordpiece", "bpe", "unigram", "wordlevel"):
        plain, reserved = trained(algorithm, 0), trained(algorithm, 3)
        size = plain.get_vocab_size()
        assert reserved.get_vocab_size() == size + 6
        assert reserved.encode(TEXT[0]).ids == plain.encode(TEXT[0]).ids
        assert reserved_ids(reserved) == {
            "sentinel_ids": [size, size + 1, size + 2],
            "mode_ids": {"[R]": size + 3, "[S]": size + 4, "[X]": size + 5},
        }
        assert reserved_ids(plain) == {"sentinel_ids": [], "mode_ids": {}}


def test_sentinels_are_in_the_order_of_their_numbers() -> None:
    model = trained("wordpiece", 0)
    size = model.get_vocab_size()
    model.add_special_tokens([f"<extra_id_{number}>" for number in (10, 2, 1)])  # T5 numbers its ids downward
    assert reserved_ids(model)["sentinel_ids"] == [size + 2, size + 1, size]
