from pathlib import Path

import pytest

from nlp_ssl.corpus.sources import Span, file_source, formats


def test_suffixes_of_readers() -> None:
    assert formats() == {
        ".txt": "text",
        ".jsonl": "jsonl",
        ".json": "jsonl",
        ".csv": "csv",
        ".tsv": "tsv",
        ".parquet": "parquet",
        ".conll": "conll",
        ".conllu": "conllu",
    }


@pytest.mark.parametrize(
    ("name", "expected"), [("a.csv", "csv"), ("a.TSV.gz", "tsv"), ("a.log", "text"), ("a.jsonl.zst", "jsonl")]
)
def test_the_format_of_a_file(tmp_path: Path, name: str, expected: str) -> None:
    (tmp_path / name).write_bytes(b"12345")
    source = file_source(tmp_path / name)
    assert (source.format, source.bytes, source.is_file) == (expected, 5, True)
    assert source.compressed == name.endswith(("gz", "zst"))


def test_lines_are_counted_from_the_beginning_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"1\n2\n3\n4\n")
    span = Span(file_source(tmp_path / "a.txt"), start=4)
    assert span.where(1) == f"{tmp_path}/a.txt:3"
