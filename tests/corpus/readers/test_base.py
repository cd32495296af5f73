"""A format from a plug-in is read as the built-in ones are."""

from pathlib import Path

import pytest

from nlp_ssl import registry
from nlp_ssl.corpus.reading import read_span
from nlp_ssl.corpus.sources import Span, find_sources
from nlp_ssl.corpus.table import read_table

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
    assert [list(read_span(Span(s), "text")) for s in find_sources([str(tmp_path / "in")])] == [["a", "c"]]
