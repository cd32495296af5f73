"""A format from a plug-in is read as the built-in ones are."""

from pathlib import Path

import pytest

from nlp_ssl import registry
from nlp_ssl.corpus.finding import find_sources
from nlp_ssl.corpus.options import PrepareOptions
from nlp_ssl.corpus.prepare import prepare
from nlp_ssl.corpus.reading import read_span
from nlp_ssl.corpus.sources import Span
from nlp_ssl.corpus.table import read_table
from nlp_ssl.errors import InputError

PLUGIN = """
from nlp_ssl.corpus.readers.base import Problem, TableReader, span_lines

class Colons(TableReader):
    name = "colons"
    suffixes = (".colons",)
    def rows(self, span, columns=None):
        for number, line in enumerate(span_lines(span), 1):
            parts = line.split(":")
            yield number, dict(zip(("text", "n"), parts)) if len(parts) == 2 else Problem("no colon")
"""


def test_a_plug_in_adds_a_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._named, "readers", {})
    monkeypatch.setattr(registry, "_plugins", [])
    (tmp_path / "colons_reader.py").write_text(PLUGIN)
    registry.load_plugins([str(tmp_path / "colons_reader.py")])
    (tmp_path / "in").mkdir()
    file = tmp_path / "in" / "a.colons"
    file.write_text("a:1\nb\nc:2\n")
    table = read_table(file)
    assert (table.columns, table.problems) == ({"text": ["a", "c"], "n": ["1", "2"]}, [f"{file}:2: no colon"])
    file.write_text("a:1\nc:2\n")
    assert [list(read_span(Span(s))) for s in find_sources([str(tmp_path / "in")]).sources] == [["a", "c"]]


@pytest.mark.parametrize("raised", ["ValueError('odd')", "KeyError", "ZeroDivisionError", "UnicodeError"])
def test_a_reader_that_fails_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: str) -> None:
    monkeypatch.setitem(registry._named, "readers", {})
    monkeypatch.setattr(registry, "_plugins", [])
    (tmp_path / "failing_reader.py").write_text(
        PLUGIN.replace("colons", "failing").replace("parts = line", f"raise {raised}; parts = line")
    )
    registry.load_plugins([str(tmp_path / "failing_reader.py")])
    file = tmp_path / "a.failing"
    file.write_text("a:1\n")
    with pytest.raises(InputError, match=rf"a.failing: the plug-in that reads it failed \({raised.partition('(')[0]}"):
        make_corpus(file, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def make_corpus(file: Path, out: Path) -> None:
    prepare(PrepareOptions(text=(str(file),), out=out, processes=1))
