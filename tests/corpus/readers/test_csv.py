from pathlib import Path

import pytest

from nlp_ssl.corpus.readers.csv import Csv
from nlp_ssl.corpus.sources import Source, Span
from nlp_ssl.errors import InputError


def span(file: Path, content: str) -> Span:
    file.write_text(content, encoding="utf-8")
    return Span(Source(str(file), "csv", bytes=file.stat().st_size))


def test_quotes_may_hold_commas_quotes_and_line_breaks(tmp_path: Path) -> None:
    text = 'id,text\n1,"He said ""go"", twice\nand left"\n\n2,b b\n'
    assert list(Csv().rows(span(tmp_path / "a", text))) == [
        (2, {"id": "1", "text": 'He said "go", twice\nand left'}),
        (5, {"id": "2", "text": "b b"}),
    ]


def test_a_repeated_name_is_refused_only_for_a_needed_column(tmp_path: Path) -> None:
    twice = span(tmp_path / "a", "text,x,x\na,1,2\n")
    assert list(Csv().documents(twice, "text")) == ["a"]
    with pytest.raises(InputError, match="a:1: two columns are called 'x'; rename one"):
        list(Csv().documents(twice, "x"))


def test_broken_rows_are_problems(tmp_path: Path) -> None:
    found = list(Csv().rows(span(tmp_path / "a", 'a,b\n1\n"2"3,4\n5,6\n')))
    assert found == [
        (2, "1 columns, the header has 2; quote values that contain a comma or a line break"),
        (3, "broken CSV (',' expected after '\"'); fix the line"),
        (4, {"a": "5", "b": "6"}),
    ]
