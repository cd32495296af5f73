import re

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from nlp_ssl.corpus.tokenizer import surfaces, vocab_size, word_starts
from nlp_ssl.corpus.words import BASE, Pieces, mix, powers, run_hashes, text_words


def words_of(tokens: list[str], group: list[int] | None = None) -> tuple[list[int], list[int]]:
    """Where words begin and their hashes; tokens that go on with a word are marked with "##"."""
    surfaces = tuple(token.removeprefix("##") for token in tokens)
    starts = np.array([not token.startswith("##") for token in tokens])
    at, hashes = Pieces.of(surfaces, starts).words(np.arange(len(tokens)), np.array(group or [0] * len(tokens)))
    return at.tolist(), hashes.tolist()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["unaffordable"], ["un", "##afford", "##able"]),
        (["영화가"], ["영화", "##가"]),
        (["Ναι", "ΟΔΌΣ"], ["ναι", "οδ", "##ό", "##ς"]),  # Σ is σ or ς in lower case, by where it stands
        (["STRASSE"], ["straß", "##e"]),
        (["क्षत्रिय"], ["क्", "##षत्रि", "##य"]),  # marks belong to words
        (["東京"], ["東", "京"]),  # in an unspaced script every character is a word
        (["東京に"], ["東", "##京", "##に"]),
        (["don't"], ["don", "'", "t"]),
        (["3.5", "kg)"], ["3", "##.", "##5", "kg", "##)"]),
        (["snake_case"], ["snake", "case"]),
        (["🎉", "a", "…", ""], ["a"]),
    ],
)
def test_words_do_not_depend_on_the_tokens(one, other) -> None:
    assert words_of(one)[1] == words_of(other)[1]


def test_different_words_have_different_hashes() -> None:
    words = ["a", "b", "ab", "ba", "aab", "aba", "12", "21", "영화", "화영", "ä", "a\u0308"]
    assert len(set(words_of(words)[1])) == len(words)
    assert words_of(["re", "##do"])[1] != words_of(["re", "do"])[1]


def test_where_words_begin() -> None:
    tokens = ["Well", ",", "un", "##do", "##ne", "-", "##ish", "日本", "##語", "!"]
    assert words_of(tokens)[0] == [0, 2, 6, 7, 7, 8]
    # No word goes on into another group (a sentence), nor behind a token without letters.
    assert words_of(["un", "##do", "##ne"], [0, 0, 1])[0] == [0, 2]
    assert words_of(["un", "", "##do"])[0] == [0, 2]


def test_bytes_of_a_character_differ_by_their_tokens() -> None:
    tokens = ["\ufffd", "##\ufffd\ufffd", "\ufffd", "##\ufffd"]
    at, hashes = words_of(tokens)
    assert at == [0, 2] and len(set(hashes)) == 2


def test_no_words_at_all() -> None:
    assert words_of(["…", "!"]) == ([], [])
    assert words_of([]) == ([], [])


TEXTS = [
    "The cats' owner said: \"Don't re-read it, it's 3.5 pages!\"",
    "영화가 정말 재미있었다. 영화는 (그냥) 지루했다...",
    "Éléphants, naïve ÉTÉ",
]


@pytest.mark.parametrize("kind", ["wordpiece", "byte-level", "unigram"])
def test_words_of_real_tokenizers(kind) -> None:
    alphabet = sorted(set("".join(TEXTS)) - {" "})
    if kind == "wordpiece":
        tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trainer = trainers.WordPieceTrainer(vocab_size=110, special_tokens=["[UNK]"], initial_alphabet=alphabet)
    elif kind == "byte-level":
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        trainer = trainers.BpeTrainer(vocab_size=270, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    else:
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        trainer = trainers.UnigramTrainer(vocab_size=90, unk_token="[UNK]", special_tokens=["[UNK]"])
    tokenizer.train_from_iterator(TEXTS * 9, trainer)
    pieces = Pieces.of(surfaces(tokenizer, vocab_size(tokenizer)), word_starts(tokenizer))
    expected = [
        "the cats owner said don t re read it it s 3 5 pages",
        "영화가 정말 재미있었다 영화는 그냥 지루했다",
        "éléphants naïve été",
    ]
    cut = 0
    for text, words in list(zip(TEXTS, expected, strict=True))[: 1 if kind == "byte-level" else None]:
        ids = np.array(tokenizer.encode(text).ids)
        hashes = pieces.words(ids, np.zeros_like(ids))[1].tolist()
        assert hashes == words_of(words.split())[1]
        cut += len(ids) - len(re.findall(r"\w+|[^\w\s]", text))
    assert cut > 0  # words were cut into tokens


def test_powers_are_modulo_2_to_the_64() -> None:
    assert powers(3).tolist() == [1, BASE, BASE * BASE % 2**64]
    assert powers(0).tolist() == []


def test_the_hash_of_a_run_is_a_polynomial_in_the_base() -> None:
    values = np.array([9, 2, 3, 0, 5], np.uint64)
    expected = [2 + 3 * BASE, 0, (5 * BASE) % 2**64]
    assert run_hashes(values, np.array([1, 3, 3, 5])).tolist() == [value % 2**64 for value in expected]


def test_runs_and_pieces_have_the_same_hash() -> None:
    codes = np.array([ord(c) for c in "word"], np.uint64)
    assert run_hashes(codes, np.array([0, 4])).tolist() == words_of(["wo", "##rd"])[1]


def test_mixing_is_that_of_splitmix64() -> None:
    assert mix(np.array([0, 1], np.uint64)).tolist() == [0, 0x5692161D100B05E5]


def test_words_of_a_text() -> None:
    assert text_words("Don't stop: 3.5 東京 STRASSE") == ["don", "t", "stop", "3", "5", "東", "京", "strasse"]
