from pathlib import Path

import pytest

from nlp_ssl.corpus import units as module
from nlp_ssl.corpus.sources import Source, Span
from nlp_ssl.corpus.units import unit_bytes, units


def test_units_grow_with_very_large_inputs() -> None:
    def size(total: int) -> int:
        return unit_bytes([Source("a", "text", bytes=total)])

    assert [size(10), size(2**31), size(2**33), size(2**40)] == [2**19, 2**19, 2**21, 2**23]


def test_small_files_share_a_unit_and_sources_of_unknown_size_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UNIT_BYTES", 100)
    small = [Source(str(i), "csv", bytes=40) for i in range(4)]
    hub = Source("a/b", "hub")
    found = units([*small, hub, small[0]])
    assert found == [[Span(s) for s in small[:3]], [Span(small[3])], [Span(hub)], [Span(small[0])]]


@pytest.mark.parametrize(
    ("format", "document", "encoding", "ranges"),
    [
        ("text", "line", "utf-8", [(0, 12), (12, 24), (24, 43)]),
        ("text", "block", "utf-8", [(0, 19), (19, 43)]),
        ("text", "file", "utf-8", [(0, None)]),
        ("jsonl", "row", "utf-8", [(0, 12), (12, 24), (24, 43)]),
        ("csv", "row", "utf-8", [(0, None)]),
        ("text", "line", "utf-16", [(0, None)]),
    ],
)
def test_large_files_are_cut_where_documents_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str, document, encoding: str, ranges
) -> None:
    monkeypatch.setattr(module, "UNIT_BYTES", 10)
    (tmp_path / "a").write_bytes(b"aaaaa\nbbbbb\nccccc\n\ndddd\neeeee\nfffff\nggggg\n\n")
    source = Source(str(tmp_path / "a"), format, bytes=43, document=document, encoding=encoding)
    assert [(span.start, span.end) for unit in units([source]) for span in unit] == ranges
