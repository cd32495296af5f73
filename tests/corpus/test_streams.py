import gzip
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

from nlp_ssl.corpus import streams
from nlp_ssl.corpus.streams import DecodingError, decoded, lines, read_bytes, suffix_of
from nlp_ssl.errors import InputError


def saved(file: Path, content: bytes) -> str:
    file.write_bytes(content)
    return str(file)


@pytest.mark.parametrize(
    ("name", "suffix"), [("a.tsv", ".tsv"), ("a.TSV.GZ", ".tsv"), ("a.b.jsonl.zst", ".jsonl"), ("a.gz", ""), ("a", "")]
)
def test_the_suffix_below_a_compression(name: str, suffix: str) -> None:
    assert suffix_of(Path("folder.csv") / name) == suffix


def test_lines_do_not_depend_on_the_chunks() -> None:
    for chunks in (["a\nbc\n\nd"], ["a", "\n", "b", "c\n", "\nd"], ["a\nbc", "\n\n", "d"]):
        assert list(lines(iter(chunks), "x")) == ["a", "bc", "", "d"]
    assert list(lines(iter(["a\n"]), "x")) == ["a"]


@pytest.mark.parametrize("chunk", [1, 2, 3, 1000])
def test_characters_and_line_breaks_across_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(streams, "CHUNK", chunk)
    name = saved(tmp_path / "a", "\ufeffé\r\n한\rx\n".encode())
    assert "".join(decoded(name, "utf-8")) == "é\n한\nx\n"
    assert "".join(decoded(name, "utf-8", 7, 10)) == "한"


def test_compressed_files_are_decompressed(tmp_path: Path) -> None:
    assert b"".join(read_bytes(saved(tmp_path / "a.gz", gzip.compress(b"abc")))) == b"abc"
    frames = zstandard.compress(b"abc") + zstandard.compress(b"def")
    assert b"".join(read_bytes(saved(tmp_path / "a.zst", frames))) == b"abcdef"
    assert b"".join(read_bytes(saved(tmp_path / "a.txt", b"abcdef"), 1, 3)) == b"bc"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.gz", b"plain", "damaged gzip file"),
        ("a.gz", gzip.compress(b"abc" * 99, mtime=0)[:-9], "damaged gzip file"),
        ("a.zst", b"plain", "damaged zstd file"),
        ("a.zst", zstandard.compress(b"abc" * 99)[:-3], r"damaged zstd file \(Truncated"),
    ],
)
def test_damaged_files(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        list(read_bytes(saved(tmp_path / name, content)))


@pytest.mark.parametrize(
    ("content", "encoding", "what", "byte"),
    [
        (b"abc \xff", "utf-8", "byte 4 is not UTF-8", 4),
        (b"abc \xc3", "utf-8", "byte 4 is not UTF-8", 4),
        (b"ab\0c", "utf-8", "a binary file (it has NUL bytes), not text", None),
        (b"\xff\0", "utf-8", "a binary file (it has NUL bytes), not text", None),
    ],
)
def test_bytes_that_are_not_text(tmp_path: Path, content: bytes, encoding: str, what: str, byte: int | None) -> None:
    name = saved(tmp_path / "a", content)
    with pytest.raises(DecodingError) as error:
        list(decoded(name, encoding))
    assert (error.value.what, error.value.byte) == (f"{name}: {what}", byte)


def test_a_line_that_is_too_long_is_refused_before_it_is_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "LONGEST_DOCUMENT", 10)
    read = 0

    def chunks() -> Iterator[str]:
        nonlocal read
        for chunk in ("a\n", "1234567890", "\n123456", "78901", "never read"):
            read += 1
            yield chunk

    found = lines(chunks(), "x.txt")
    assert [next(found), next(found)] == ["a", "1234567890"]
    with pytest.raises(InputError, match=r"^x.txt: a document or line of more than 10 characters; .*"):
        next(found)
    assert read == 4


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_decompression_bomb_is_read_in_bounded_memory(tmp_path: Path, suffix: str) -> None:
    packed = (gzip.compress if suffix == ".gz" else zstandard.compress)(bytes(10**8))
    name = saved(tmp_path / f"a{suffix}", packed)
    tracemalloc.start()
    assert sum(len(chunk) for chunk in read_bytes(name)) == 10**8
    assert tracemalloc.get_traced_memory()[1] < 10**7
    tracemalloc.stop()
