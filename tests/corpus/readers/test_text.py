from dataclasses import replace
from pathlib import Path

from nlp_ssl.corpus.readers.text import Text
from nlp_ssl.corpus.sources import Source, Span


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
