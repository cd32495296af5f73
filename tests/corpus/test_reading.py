from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.corpus.document_files import read_documents
from nlp_ssl.corpus.held_out_part import Dividing
from nlp_ssl.corpus.reading import read_sources, read_unit
from nlp_ssl.corpus.sources import Source, Span, file_source
from nlp_ssl.corpus.workers import Workers
from nlp_ssl.errors import InputError
from nlp_ssl.json_files import read_object

NONE = Dividing(0.0, "icu", "en")


def lines(file: Path, text: str) -> Source:
    file.write_text(text, encoding="utf-8")
    return replace(file_source(file), document="line")


def test_a_unit_becomes_files_of_clean_documents_and_counts(tmp_path: Path) -> None:
    source = lines(tmp_path / "a.txt", " one  two \n\né 😂\nlast\n")
    done = tmp_path / "000000.json"
    read_unit([Span(source)], NONE, 10, done)
    facts = read_object(done, "")["facts"]
    assert (facts["parts"], facts["empty"], facts["emoji"]) == ([[2, 14], [1, 4]], 1, {"😂": 1})
    assert facts["characters"]["o"] == 2 and facts["characters"]["é"] == 1
    assert list(read_documents(tmp_path / "000000-000.txt", np.arange(2))) == ["one two", "é 😂"]


def test_sources_are_counted_and_read_once(tmp_path: Path) -> None:
    (tmp_path / "text").mkdir()
    sources = [lines(tmp_path / "a.txt", "a\n \nb\n")]
    text = read_sources(sources, NONE, tmp_path, Workers(None))
    assert [(file.first, file.documents, file.bytes) for file in text.files] == [(0, 2, 2)]
    assert text.drops == {"empty": 1}
    (tmp_path / "a.txt").unlink()
    assert read_sources(sources, NONE, tmp_path, Workers(None)) == text


def test_no_text_at_all(tmp_path: Path) -> None:
    (tmp_path / "text").mkdir()
    with pytest.raises(InputError, match=r"a\.txt: no text in it; give a source with text"):
        read_sources([lines(tmp_path / "a.txt", " \n")], NONE, tmp_path, Workers(None))
