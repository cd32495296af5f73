from dataclasses import replace

import numpy as np
import pytest
from tokenizers import Tokenizer, pre_tokenizers
from tokenizers.models import BPE

from nlp_ssl.corpus.tokenizer import surfaces
from nlp_ssl.objectives.first_character import FirstCharacter, first_class
from tests.objectives.test_mlm import Draws, clean
from tests.worlds import words_vocabulary

LATIN = " ".join("abcdefghijklmnopqrstuvwxyz") + " 7 . 😂"


def test_by_hand() -> None:
    # 5 the, 6 Then, 7 ##ing, 8 42, 9 ;, 10 😂, 11 été
    words = words_vocabulary("the Then ##ing 42 ; 😂 été")
    assert FirstCharacter().classes(words) == ("e", "i", "t", "number", "punctuation", "other")
    batch = clean([[2, 5, 6, 7, 8, 9, 10, 3], [2, 11, 1, 3]])
    low, high = 0.0, 0.9
    noise = Draws(
        mask=[[high, low, low, low, low, low, low, high], [high, low, low, high, high, high, high, high]],
        fate=[[0.0] * 8] * 2,
        word=[[0.0] * 8] * 2,
    )
    out = FirstCharacter().corrupt(batch, words, noise)
    assert out.ids.tolist() == [[2, 4, 4, 4, 4, 4, 4, 3], [2, 4, 4, 3, 0, 0, 0, 0]]
    none = -100
    assert out.targets["masked_lm"].labels.tolist() == [
        [none, 2, 2, 1, 3, 4, 5, none],
        [none, 0, 5, none, none, none, none, none],  # the unknown token is "other"
    ]


def test_a_latin_vocabulary_has_the_papers_29_classes() -> None:
    classes = FirstCharacter().classes(words_vocabulary(LATIN))
    assert classes == (*"abcdefghijklmnopqrstuvwxyz", "number", "punctuation", "other")
    assert len(classes) == 29


@pytest.mark.parametrize(
    ("surface", "name"),
    [
        ("Élan", "e"),
        ("ﬁnd", "f"),
        ("İstanbul", "i"),
        ("Ｗide", "w"),
        ("ð", "other"),
        ("ßen", "s"),
        ("Жук", "ж"),
        ("Ёлка", "е"),
        ("Άλφα", "α"),
        ("가다", "ᄀ"),
        ("까", "ᄁ"),
        ("힣", "ᄒ"),
        ("ㅋㅋㅋ", "ᄏ"),
        ("が", "か"),
        ("ｶ", "カ"),
        ("一", "U+4E00"),
        ("他們", "U+4E00"),
        ("高", "U+9A00"),
        ("السلام", "ا"),
        ("ไทย", "ไ"),
        ("\u0e31น", "\u0e31"),
        ("٣", "number"),
        ("½", "number"),
        ("$5", "punctuation"),
        ("…", "punctuation"),
        ("👍", "other"),
        ("\ufffd\ufffd", "other"),
        ("", "other"),
    ],
)
def test_classes_of_any_script(surface, name) -> None:
    assert first_class(surface) == name


def test_tokens_of_a_byte_level_tokenizer_have_the_characters_of_their_text() -> None:
    """Ġ is a space, Ã© are the bytes of é, Ãł those of à, ê°Ģ those of 가; ê° is a part of it, Ċ is a line break."""
    tokens = ["the", "Ġthe", "Ã©t", "ĠÃł", "ê°Ģ", "ê°", "Ċ", "Ġ7"]
    model = Tokenizer(BPE({token: i for i, token in enumerate(tokens)}, []))
    model.pre_tokenizer = pre_tokenizers.ByteLevel()
    found = [first_class(surface) for surface in surfaces(model, len(tokens))]
    assert found == ["t", "t", "e", "a", "ᄀ", "other", "other", "number"]


def test_special_tokens_have_no_class_of_their_own() -> None:
    words = words_vocabulary("a b")
    assert FirstCharacter().classes(words) == ("a", "b", "other")
    assert np.array_equal(FirstCharacter().class_of(words), [2, 2, 2, 2, 2, 0, 1])


def test_classes_do_not_depend_on_frequencies() -> None:
    """A model is evaluated on corpora with its tokenizer, whose counts differ."""
    words = words_vocabulary("a b c")
    other = replace(words, counts=words.counts * 0)
    assert FirstCharacter().classes(words) == FirstCharacter().classes(other) == ("a", "b", "c", "other")
