import io
import re

import pytest

from nlp_ssl.corpus import units
from nlp_ssl.corpus.documents import blocks, clean, document_hash, wrap_width

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


def test_clean_is_one_form() -> None:
    assert clean("\ufeffCafe\u0301\r\n\r\n  two\u00a0 words\t\rend ") == "Café\ntwo words\nend"
    assert clean("한") == "한"  # jamo are composed
    assert clean(" \n\t\n") == ""
    assert clean("a\ud83d\ude02b\ud83d") == "a😂b\ufffd"


def test_blocks_are_separated_by_blank_lines() -> None:
    assert list(blocks(["a", "b", "", " \t", "c", ""])) == ["a\nb", "c"]


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
