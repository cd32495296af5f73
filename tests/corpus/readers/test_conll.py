from pathlib import Path

from nlp_ssl.corpus.readers.base import Problem
from nlp_ssl.corpus.readers.conll import Conll
from nlp_ssl.corpus.sources import Source, Span


def span(file: Path, content: str) -> Span:
    file.write_text(content, encoding="utf-8")
    return Span(Source(str(file), "conll", bytes=file.stat().st_size))


def test_a_row_is_a_sentence_and_columns_are_numbered(tmp_path: Path) -> None:
    text = "-DOCSTART- -X- O\n\nThe DT B-NP\n#  # I-NP\n\n\n 한국 NNP B-NP\n"
    assert list(Conll().rows(span(tmp_path / "a", text))) == [
        (3, {"1": ["The", "#"], "2": ["DT", "#"], "3": ["B-NP", "I-NP"]}),
        (7, {"1": ["한국"], "2": ["NNP"], "3": ["B-NP"]}),
    ]


def test_tabs_keep_spaces_in_values(tmp_path: Path) -> None:
    assert list(Conll().rows(span(tmp_path / "a", "New York\tB-LOC\nis\tO"))) == [
        (1, {"1": ["New York", "is"], "2": ["B-LOC", "O"]})
    ]


def test_a_line_of_another_width_spoils_its_sentence_only(tmp_path: Path) -> None:
    found = list(Conll().rows(span(tmp_path / "a", "a X\nb\n\nc Y\n")))
    assert found == [(2, "1 columns, the lines before have 2"), (4, {"1": ["c"], "2": ["Y"]})]
    assert isinstance(found[0][1], Problem)


def test_documents_are_sentences(tmp_path: Path) -> None:
    assert list(Conll().documents(span(tmp_path / "a", "a X\nb Y\n\nc X\n"), "text")) == ["a b", "c"]
