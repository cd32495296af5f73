import json
import time
from collections import Counter

import pytest
from tokenizers import Tokenizer

from nlp_ssl.corpus.tokenizer import vocab_size
from nlp_ssl.corpus.tokenizer_training import ALGORITHMS, _may_have_long_word, train_tokenizer
from nlp_ssl.errors import InputError

TEXT = ["The cat sat on the mat.", "The dog sat on the log 😂", "A cat and a dog and a log."] * 4


def trained(algorithm: str, size: int = 400, min_frequency: int = 2, lowercase: bool = True) -> Tokenizer:
    characters = Counter("".join(TEXT))
    pictures = {"😂": 4, "🎉": 1}
    return train_tokenizer(algorithm, iter(TEXT), size, min_frequency, lowercase, characters, pictures)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_special_tokens_emoji_and_determinism(algorithm: str) -> None:
    model = trained(algorithm)
    assert [model.id_to_token(i) for i in range(5)] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert vocab_size(model) <= 400
    assert "😂" in model.get_vocab() and "🎉" not in model.get_vocab()  # 🎉 is too rare
    ids = model.encode("the cat").ids
    assert (ids[0], ids[-1], 1 in ids) == (2, 3, False)
    assert model.to_str() == trained(algorithm).to_str()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_case_is_kept_on_request(algorithm: str) -> None:
    assert trained(algorithm).encode("THE Cat").ids == trained(algorithm).encode("the cat").ids
    cased = trained(algorithm, lowercase=False)
    assert cased.encode("The").ids != cased.encode("the").ids


@pytest.mark.parametrize(("letters", "limit"), [(99, 100), (100, 100), (101, 101), (1000, 1000), (1001, 1000)])
def test_the_longest_word_sets_the_limit_of_wordpiece(letters: int, limit: int) -> None:
    texts = ["a" * letters + "-" + "b" * 70] * 4
    model = train_tokenizer("wordpiece", iter(texts), 300, 1, True, Counter("".join(texts)), {})
    assert json.loads(model.to_str())["model"]["max_input_chars_per_word"] == limit


def test_unigram_refuses_a_vocabulary_that_is_too_small() -> None:
    texts = ["".join(chr(0x4E00 + 50 * i + j) for j in range(50)) for i in range(20)] * 2
    characters = Counter("".join(texts))
    with pytest.raises(InputError, match=r"has 1,000 characters, .* use --vocab-size 1074 or more"):
        train_tokenizer("unigram", iter(texts), 300, 1, True, characters, {})
    model = train_tokenizer("unigram", iter(texts), 1074, 1, True, characters, {})
    assert 1 not in model.encode(texts[3]).ids


def test_rare_words_are_unknown() -> None:
    assert trained("wordlevel", min_frequency=5).token_to_id("mat") is None
    assert trained("wordlevel", min_frequency=4).token_to_id("mat") is not None


def test_characters_fill_the_free_places_of_a_wordpiece_vocabulary() -> None:
    """7,000 Chinese characters, 4,096 of which are the quarter of 16,384 that a vocabulary begins with."""
    text = [chr(0x4E00 + i) * 2 for i in range(7000)] * 2
    counts = Counter(c for line in text for c in line)
    made = train_tokenizer("wordpiece", iter(text), 16_384, 2, True, counts, {})
    assert made.get_vocab_size() == 7005
    assert made.token_to_id("[UNK]") not in made.encode(" ".join(text)).ids


def test_characters_beyond_the_vocabulary_are_left_out_the_rarest_first() -> None:
    text = [chr(0x4E00 + i) * (200 - i) for i in range(100)]
    counts = Counter(c for line in text for c in line)
    made = train_tokenizer("wordpiece", iter(text), 65, 2, True, counts, {})
    known = [i for i in range(100) if made.token_to_id(chr(0x4E00 + i)) is not None]
    assert made.get_vocab_size() == 65 and known == list(range(60))


def test_both_forms_of_a_letter_fill_free_places() -> None:
    letters = [chr(0x10A0 + i) for i in range(30)] + [chr(0x0561 + i) for i in range(30)]  # Georgian, Armenian
    text = [a + b for a in letters for b in letters]
    counts = Counter(c for line in text for c in line)
    made = train_tokenizer("wordpiece", iter(text), 150, 10_000, False, dict.fromkeys(counts, 10_000), {})
    assert made.token_to_id("[UNK]") not in made.encode(" ".join(text)).ids


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_line_of_millions_of_letters_does_not_hang(algorithm: str) -> None:
    text = ["a" * 1_000_000, *["some words here"] * 9]
    started = time.monotonic()
    train_tokenizer(algorithm, iter(text), 300, 2, True, Counter("".join(text)), {})
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("before", range(0, 51, 10))
def test_a_long_word_is_found_at_any_position(before: int) -> None:
    text = "ab " * 20 + "c" * before + " " + "d" * 101 + " ef" * 20
    assert _may_have_long_word(text) and not _may_have_long_word(text.replace("d", "d "))


def test_training_text_that_is_composed_gives_a_tokenizer_that_composes() -> None:
    made = train_tokenizer(
        "wordpiece", iter(["caf\u00e9 \uac00\ub098"] * 9), 300, 2, True, Counter("caf\u00e9\uac00\ub098" * 9), {}
    )
    assert made.encode("cafe\u0301 \u1100\u1161\u1102\u1161").ids == made.encode("caf\u00e9 \uac00\ub098").ids
