"""Data files -> tables: columns, lines, and what is wrong with rows."""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from nlp_ssl.corpus.table import read_table, table_formats
from nlp_ssl.errors import InputError


def saved(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    return file


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        ("a.tsv", b'text\tn\n"a\t1\n\nb"\t2\n', [2, 4]),
        ("a.txt", b'text\tn\n"a\t1\n\nb"\t2\n', [2, 4]),
        ("a.csv", b'text,n\n"""a",1\n\n"b""",2\n', [2, 4]),
        ("a.jsonl", b'{"text": "\\"a", "n": "1"}\n\n{"n": "2", "text": "b\\""}\n', [1, 3]),
        ("a.TSV", b'text\tn\r\n"a\t1\r\n\r\nb"\t2\r\n', [2, 4]),
        ("a.csv", b'\xef\xbb\xbftext,n\r\n"""a",1\r\n\r\n"b""",2', [2, 4]),
    ],
)
def test_every_text_format_gives_the_same_columns(tmp_path: Path, name: str, content: bytes, lines: list[int]) -> None:
    columns = {"text": ['"a', 'b"'], "n": ["1", "2"]}
    for file in (
        saved(tmp_path / name, content),
        saved(tmp_path / f"{name}.gz", gzip.compress(content)),
        saved(tmp_path / f"{name}.zst", zstandard.compress(content)),
    ):
        table = read_table(file)
        assert (table.columns, table.first_lines, table.problems, dict(table.missing)) == (columns, lines, [], {})
        assert table.at(1) == f"{file}:{lines[1]}"


def test_parquet_has_rows_instead_of_lines(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a", None], "n": [1, 2]}), tmp_path / "a.parquet")
    packed = saved(tmp_path / "b.parquet.gz", gzip.compress((tmp_path / "a.parquet").read_bytes()))
    for file in (tmp_path / "a.parquet", packed):
        table = read_table(file)
        assert table.columns == {"text": ["a", None], "n": [1, 2]}
        assert table.at(1) == f"{file}, row 2"


def test_the_columns_of_json_lines_are_all_keys_of_all_rows(tmp_path: Path) -> None:
    file = saved(tmp_path / "a.jsonl", b'{"a": 1}\n{"b": 2, "a": 3}\n{"b": null}\n')
    table = read_table(file)
    assert table.columns == {"a": [1, 3, None], "b": [None, 2, None]}
    assert table.lacking("a") == [f"{file}:3: no 'a'"]
    assert table.lacking("b") == [f"{file}:1: no 'b'"]
    assert table.lacking("c") == []


def test_single_surrogates_of_json_are_replaced_and_told(tmp_path: Path, capsys) -> None:
    file = saved(tmp_path / "a.jsonl", b'{"text": "cut \\ud83d", "words": ["\\ud83d\\ude02", "\\udc00"]}\n')
    assert read_table(file).columns == {"text": ["cut \ufffd"], "words": [["😂", "\ufffd"]]}
    assert f"{file}: 2 broken characters (single surrogates of JSON) replaced by U+FFFD" in capsys.readouterr().err


def test_quotes_in_tsv_only_on_request(tmp_path: Path) -> None:
    file = saved(tmp_path / "a.tsv", b'text\tn\n"a ""b"""\t1\n')
    assert read_table(file).columns["text"] == ['"a ""b"""']
    assert read_table(file, quoted_tsv=True).columns["text"] == ['a "b"']


def test_broken_rows_are_problems_and_the_others_are_read(tmp_path: Path) -> None:
    file = saved(tmp_path / "a.csv", b'text,n\na,1,2\n"b"c,2\nd,3\n')
    table = read_table(file)
    assert table.columns == {"text": ["d"], "n": ["3"]}
    assert table.problems == [
        f"{file}:2: 3 columns, the header has 2; quote values that contain a comma or a line break",
        f"{file}:3: broken CSV (',' expected after '\"'); fix the line",
    ]


def test_an_unclosed_quote_is_a_problem(tmp_path: Path) -> None:
    file = saved(tmp_path / "a.csv", b'text,n\na,1\n"b,2\nc,3\n')
    assert read_table(file).problems == [f"{file}:3: broken CSV (unexpected end of data); fix the line"]


def test_other_encodings_are_detected_and_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "영화가 정말 재미있고 배우들의 연기가 훌륭했습니다. 다시 보고 싶어요."
    file = saved(tmp_path / "a.tsv", f"text\tn\n{text}\t1\n".encode("cp949"))
    assert read_table(file).columns["text"] == [text]
    assert capsys.readouterr().err.endswith("a.tsv: not UTF-8, read as cp949\n")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tsv", b"text\tn\nab\xff\t1\n", "byte 9 is not UTF-8; convert the file to UTF-8"),
        ("a.tsv", b"text\tn\na\0\t1\n", "a binary file (it has NUL bytes), not text; convert the file to UTF-8"),
        ("a.tsv", b"text\ttext\na\tb\n", "two columns are called 'text'; rename one"),
        ("a.tsv", b"text\tn\n", "no examples in it"),
        ("a.tsv", b"", "no examples in it"),
        ("a.tsv.gz", b"plain", "damaged gzip file"),
        ("a.tsv.zst", zstandard.compress(b"text\tn\n" * 999)[:-4], "damaged zstd file (Truncated compressed stream)"),
        ("a.doc", b"", "not one of .tsv, .csv, .jsonl, .json, .parquet, "),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    file = saved(tmp_path / name, content)
    with pytest.raises(InputError) as error:
        read_table(file)
    where = f"{file}:1: " if "rename" in message else f"{file}: "
    assert str(error.value).startswith(where + message)


def test_text_is_tab_separated_in_tables() -> None:
    assert table_formats()[".txt"] == "tsv"
    assert table_formats()[".conllu"] == "conllu"
