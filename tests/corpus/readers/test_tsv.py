from pathlib import Path

from nlp_ssl.corpus.readers.tsv import Tsv
from nlp_ssl.corpus.sources import Source, Span


def span(file: Path, content: str) -> Span:
    file.write_text(content, encoding="utf-8")
    return Span(Source(str(file), "tsv", bytes=file.stat().st_size))


def test_quotes_are_ordinary_characters(tmp_path: Path) -> None:
    text = 'id\ttext\n1\ta 6" pipe\n\n2\t"b"\n'
    assert list(Tsv().rows(span(tmp_path / "a", text))) == [
        (2, {"id": "1", "text": 'a 6" pipe'}),
        (4, {"id": "2", "text": '"b"'}),
    ]


def test_quotes_on_request(tmp_path: Path) -> None:
    text = 'id\ttext\n1\t"a ""b""\tc"\n'
    assert list(Tsv(quoted=True).rows(span(tmp_path / "a", text))) == [(2, {"id": "1", "text": 'a "b"\tc'})]


def test_another_number_of_columns_is_a_problem(tmp_path: Path) -> None:
    assert list(Tsv().rows(span(tmp_path / "a", "a\tb\n1\t2\t3\n"))) == [
        (2, "3 columns, the header has 2; a value cannot contain a tab or a line break")
    ]
