from pathlib import Path
from typing import Any

import pytest

from nlp_ssl.corpus.scanning import NotRead, choose_document, is_encoding, scan, with_encoding
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


@pytest.mark.parametrize("around", [("", ""), ("x", ""), ("x", "y"), ("", "xy")])
def test_text_without_any_blank_is_detected(tmp_path: Path, around: tuple[str, str]) -> None:
    text = "영화가정말재미있고배우들의연기가훌륭했습니다" * 7000
    (tmp_path / "a.txt").write_bytes((around[0] + text + around[1]).encode("cp949"))
    scanned = scan(file_source(tmp_path / "a.txt"), None)
    assert isinstance(scanned, Source) and scanned.encoding == "cp949"


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
    ("source", "alone", "document"),
    [
        (Source("a", "text", bytes=9), False, "file"),
        (Source("a", "text", bytes=9, width=70), False, "file"),
        (Source("a", "text", bytes=9, unrelated_lines=True), False, "line"),
        (Source("a", "text", bytes=2**24), False, "file"),
        (Source("a", "text", bytes=2**24 + 1), False, "line"),
        (Source("a", "text", bytes=9, width=70), True, "block"),
        (Source("a", "text", bytes=9, blank_lines=0.03), True, "block"),
        (Source("a", "text", bytes=9, blank_lines=0.02), True, "line"),
    ],
)
def test_the_default_document(source: Source, alone: bool, document: str) -> None:
    assert choose_document(source, alone)[0] == document


def test_names_of_encodings() -> None:
    assert all(map(is_encoding, ("utf-8", "utf-16", "cp949", "utf-7")))
    assert not any(map(is_encoding, ("utf8000", "rot13", "zip", "undefined", "idna", "punycode")))


def test_a_file_of_a_folder_without_permission_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("text")

    real = Path.open

    def closed(self: Path, *arguments: Any, **named: Any) -> Any:
        if self.parent == tmp_path:
            raise PermissionError(13, "Permission denied", str(self))
        return real(self, *arguments, **named)

    monkeypatch.setattr(Path, "open", closed)
    assert scan(file_source(tmp_path / "a.txt", found=True), None) == NotRead(f"{tmp_path}/a.txt", "no permission")
    with pytest.raises(PermissionError):
        scan(file_source(tmp_path / "a.txt"), None)
