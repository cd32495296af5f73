from pathlib import Path

import pytest

from nlp_ssl.corpus.inputs import scan_sources
from nlp_ssl.corpus.options import Options
from nlp_ssl.corpus.sources import Source
from nlp_ssl.corpus.workers import Workers
from nlp_ssl.errors import InputError


def scanned(text: Path, **options) -> list[Source]:
    return scan_sources(Options(text=(str(text),), out=Path("x"), processes=1, **options), Workers(None))


def test_the_document_kind_goes_to_text_files_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text("a\nb\n")
    (tmp_path / "b.jsonl").write_text('{"text": "a"}\n')
    assert [source.document for source in scanned(tmp_path)] == ["line", "row"]
    assert "a document is a line (no blank lines; --document chooses another)" in capsys.readouterr().err
    assert [source.document for source in scanned(tmp_path / "a.txt", document="block")] == ["block"]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.txt", {"document": "row"}, "a text file has no rows; use file, line or block"),
        ("a.csv", {"document": "line"}, "it has rows; leave --document out"),
        ("a.txt", {"encoding": "utf8000"}, "--encoding utf8000: no such encoding; use for example utf-8"),
        ("empty.txt", {}, "empty; give a file with text in it"),
    ],
)
def test_options_that_do_not_fit(tmp_path: Path, name: str, options, message: str) -> None:
    (tmp_path / name).write_text("" if name.startswith("empty") else "text\na\n")
    with pytest.raises(InputError, match=message):
        scanned(tmp_path / name, **options)
