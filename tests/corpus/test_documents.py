import io
import random
import re

import numpy as np
import pytest

from nlp_ssl.corpus import units
from nlp_ssl.corpus.documents import are_unrelated, blocks, clean, document_hash, pieces, wrap_width

WRAPPED = """\
It was a dark and stormy night, and the
rain fell in torrents, except at odd
intervals, when it was checked by a
violent gust of wind which swept up the
streets of the son-in-
law. All was quiet.

Then a knock came at the door of the old
house, and everyone who was in the room
looked up from the fire, for nobody was
expected at such an hour of the night.
Nobody spoke.

The knock came again, louder than it had
been before, and the eldest of the three
brothers rose to his feet, took the lamp
from the table, and walked slowly to the
door without a word.
"""


def test_hard_wrapped_lines_become_paragraphs() -> None:
    width = wrap_width(WRAPPED)
    assert width == 40
    paragraphs = clean(WRAPPED, width).split("\n")
    assert len(paragraphs) == 3
    assert paragraphs[0].startswith("It was a dark and stormy night, and the rain fell in torrents, except")
    assert paragraphs[0].endswith("streets of the son-in-law. All was quiet.")


def test_short_lines_and_verses_stay_lines() -> None:
    verse = "Tiger, tiger, burning bright\nIn the forests of the night\n" * 10
    assert clean(verse).count("\n") == 19
    tweets = "".join(f"{'so nice ' * (i % 9 + 1)}\n" for i in range(40))
    assert wrap_width(tweets) is None
    assert wrap_width("This is sentence number 10.\n" * 40) is None


THAI = ["วันนี้อากาศดีมาก", "ฉันไปโรงเรียนกับเพื่อน", "แม่ซื้อผักที่ตลาด", "พ่อทำงานในเมืองใหญ่", "เด็กเล่นฟุตบอล"]
CHINESE = ["今天天气很好", "我和朋友去公园散步", "妈妈在市场买蔬菜", "爸爸在城里工作", "孩子们踢足球"]


@pytest.mark.parametrize("sentences", [THAI, CHINESE])
def test_sentences_in_scripts_without_spaces_are_no_wrapped_lines(sentences) -> None:
    lines = [sentences[i % 5] + sentences[i * i % 5] for i in range(40)]
    assert wrap_width("\n".join(lines)) is None
    assert clean("\n".join(lines)).split("\n") == lines


@pytest.mark.parametrize("shortest", [14, 18])
def test_chinese_lines_of_nearly_equal_length_are_a_list(shortest: int) -> None:
    draw = np.random.default_rng(0)
    lines = ["".join(map(chr, draw.integers(0x4E00, 0x5600, draw.integers(shortest, 21)))) for _ in range(60)]
    assert wrap_width("\n".join(lines)) is None


def test_wrapped_chinese_may_have_narrow_characters_and_lines_that_end_early_before_punctuation() -> None:
    """Lines of 40 columns; one in five ends a character early, one in five has an odd number of narrow characters."""
    draw = np.random.default_rng(0)
    text = ["".join(map(chr, draw.integers(0x4E00, 0x5600, 19 if i % 5 == 0 else 20))) for i in range(60)]
    lines = [line[:18] + "GPU" if i % 5 == 1 else line for i, line in enumerate(text)]
    assert wrap_width("\n".join(lines)) == 21


@pytest.mark.parametrize("sentences", [THAI, CHINESE])
def test_wrapped_lines_in_scripts_without_spaces_are_joined_without_a_space(sentences) -> None:
    text = "".join(sentences[i * i % 5] for i in range(200))
    wrapped = "\n".join(text[i : i + 30] for i in range(0, len(text), 30))
    assert wrap_width(wrapped) == 30
    assert clean(wrapped) == text


def test_clean_is_one_form() -> None:
    assert clean("\ufeffCafe\u0301\r\n\r\n  two\u00a0 words\t\rend ") == "Café\ntwo words\nend"
    assert clean("한") == "한"  # jamo are composed
    assert clean(" \n\t\n") == ""


def test_blocks_are_separated_by_blank_lines() -> None:
    assert list(blocks(["a", "b", "", " \t", "c", ""], "x")) == ["a\nb", "c"]


def test_the_hash_of_a_document_never_changes() -> None:
    assert document_hash(b"a document") == 0xEA6D49E0F69835E2


@pytest.mark.parametrize("chunk", [1, 2, 3, 5, 1000])
def test_the_end_of_a_block_is_found_across_pieces_of_a_file(chunk: int, monkeypatch) -> None:
    monkeypatch.setattr(units, "CHUNK", chunk)
    ending = re.compile(rb"\n[ \t\r]*\n")
    text = b"a\nb \n \t\n\nc\r\n\r\nd\n  x\n\t\ne"
    for at in range(len(text)):
        found = ending.search(text, at)
        assert units._after(io.BytesIO(text), ending, at) == (found and found.end()), at


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_text_is_cut_into_pieces(chunk: int) -> None:
    text = "one two three\nfour five six " + "x" * 25 + " e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301"
    found = list(pieces((text[i : i + chunk] for i in range(0, len(text), chunk)), 10))
    assert "".join(found) == text
    assert found == [
        "one two ", "three\n", "four five ", "six xxxxxx", "x" * 10, "x" * 9 + " ", "e\u0301" * 5, "e\u0301"
    ]  # fmt: skip


def test_short_text_is_one_piece() -> None:
    assert list(pieces(["a", "b"], 2)) == ["ab"]
    assert list(pieces([], 2)) == []


def test_a_list_is_told_from_a_text() -> None:
    rng = random.Random(0)
    unrelated = [" ".join(f"w{rng.randrange(500)}" for _ in range(10)) for _ in range(400)]
    related = [" ".join(f"w{i // 4 * 4 + rng.randrange(16)}" for _ in range(10)) for i in range(400)]
    assert are_unrelated(unrelated)
    assert not are_unrelated(unrelated[:199])
    assert not are_unrelated(related)
