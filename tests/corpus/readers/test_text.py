from dataclasses import replace
from pathlib import Path

import pytest

from nlp_ssl.corpus import streams
from nlp_ssl.corpus.readers.text import Text
from nlp_ssl.corpus.sources import DocumentKind, Source, Span
from nlp_ssl.errors import InputError


def test_documents_are_files_blocks_or_lines(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo\n \nthree\rfour")
    source = Source(str(tmp_path / "a.txt"), "text", bytes=24)
    found = {
        kind: list(Text().documents(Span(replace(source, document=kind)), "text")) for kind in ("file", "block", "line")
    }
    assert found == {
        "file": ["one\ntwo\n \nthree\nfour"],
        "block": ["one\ntwo", "three\nfour"],
        "line": ["one", "two", " ", "three", "four"],
    }


def test_a_file_is_cut_into_pieces(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one two three four")
    source = Source(str(tmp_path / "a.txt"), "text", bytes=18, document="characters", characters=10)
    assert list(Text().documents(Span(source), "text")) == ["one two ", "three four"]


@pytest.mark.parametrize("kind", ["file", "block", "line"])
def test_a_document_that_is_too_long_is_refused(tmp_path: Path, kind: DocumentKind, monkeypatch) -> None:
    monkeypatch.setattr(streams, "LONGEST_DOCUMENT", 5)
    (tmp_path / "a.txt").write_text("123456")
    source = Source(str(tmp_path / "a.txt"), "text", bytes=6, document=kind)
    with pytest.raises(InputError, match=r"a.txt: a document or line of more than 5 characters; cut text into shorter"):
        list(Text().documents(Span(source), "text"))
