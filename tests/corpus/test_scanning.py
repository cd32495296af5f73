from pathlib import Path

import pytest

from nlp_ssl.corpus.scanning import choose_document, is_encoding, scan, with_encoding
from nlp_ssl.corpus.sources import Source, file_source
from nlp_ssl.corpus.streams import decoded
from nlp_ssl.errors import InputError

KOREAN = "영화가 정말 재미있고 배우들의 연기가 훌륭했습니다. 다시 보고 싶어요.\n" * 20
GERMAN = "Der Müller aß süße Äpfel und trank dazu für längere Zeit Öl aus der Küche. Schöne Grüße!\n" * 20


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (KOREAN, "utf-8"),
        (KOREAN, "utf-8-sig"),
        (KOREAN, "utf-16"),
        (KOREAN, "utf-32"),
        (KOREAN, "cp949"),
        (GERMAN, "cp1252"),
    ],
)
def test_encodings_are_detected(tmp_path: Path, text: str, encoding: str) -> None:
    (tmp_path / "a.txt").write_bytes(text.encode(encoding))
    source = with_encoding(file_source(tmp_path / "a.txt"))
    assert "".join(decoded(source.name, source.encoding)) == text


@pytest.mark.parametrize("separator", ["\n", " "])
@pytest.mark.parametrize("before", ["", "a"])
@pytest.mark.parametrize("encoding", ["cp949", "utf-8"])
def test_a_sample_ends_at_a_line_and_not_inside_a_character(
    tmp_path: Path, separator: str, before: str, encoding: str
) -> None:
    text = before + (KOREAN.splitlines()[0] + separator) * 6000  # over 256 KiB; "a" moves the cut by one byte
    assert len(text.encode(encoding)) > 2**18
    (tmp_path / "a.txt").write_bytes(text.encode(encoding))
    scanned = scan(file_source(tmp_path / "a.txt"), None)
    assert isinstance(scanned, Source) and scanned.encoding == encoding


def test_a_damaged_file_is_not_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(KOREAN.encode() + b"\xff\n")
    error = scan(file_source(tmp_path / "a.txt"), None)
    assert isinstance(error, InputError)
    assert f"a.txt: byte {len(KOREAN.encode()):,} is not UTF-8; repair the file" in str(error)


def test_a_named_encoding_is_not_questioned(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(KOREAN.encode("cp949"))
    assert isinstance(scan(file_source(tmp_path / "a.txt"), "utf-8"), InputError)
    scanned = scan(file_source(tmp_path / "a.txt"), "cp949")
    assert isinstance(scanned, Source) and scanned.encoding == "cp949"


def test_hash_and_layout(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"a\n\nb\n\nc\n")
    scanned = scan(file_source(tmp_path / "a.txt"), None)
    assert isinstance(scanned, Source)
    assert (scanned.hash, scanned.blank_lines) == ("8bfe9b18a85005e94f5b607e7892a649", 0.4)
    declared = scan(Source("nlp_ssl.corpus.pydocs:numpy", "module"), None)
    assert isinstance(declared, Source) and declared.hash.startswith("numpy ")
    assert scan(Source("a/b", "hub"), None) == Source("a/b", "hub")


@pytest.mark.parametrize(
    ("sources", "document"),
    [
        ([Source("a", "text", bytes=9), Source("b", "text", bytes=9)], "file"),
        ([Source("a", "text", bytes=9), Source("b", "text", bytes=2**25)], "line"),
        ([Source("a", "text", bytes=9, width=70)], "block"),
        ([Source("a", "text", bytes=9, blank_lines=0.03)], "block"),
        ([Source("a", "text", bytes=9, blank_lines=0.02)], "line"),
    ],
)
def test_the_default_document(sources: list[Source], document: str) -> None:
    assert choose_document(sources)[0] == document


def test_names_of_encodings() -> None:
    assert [is_encoding(name) for name in ("utf-8", "utf-16", "utf8000", "rot13")] == [True, True, False, False]
