import json
from pathlib import Path

import numpy as np

from nlp_ssl.corpus.document_files import (
    DocumentFile,
    document_path,
    read_documents,
    read_hashes,
    write_documents,
    write_json,
)


def test_documents_read_back(tmp_path: Path) -> None:
    path = document_path(tmp_path / "000007.json", 3)
    assert path == tmp_path / "000007-003.txt"
    write_documents(path, ["a document", "한글", "b\nc"])
    assert path.read_bytes() == b"a document" + "한글".encode() + b"b\nc"
    assert list(read_documents(path, np.array([2, 0]))) == ["b\nc", "a document"]
    assert list(read_documents(path, np.array([1]))) == ["한글"]
    assert read_hashes(path)[0] == 0xEA6D49E0F69835E2
    assert (DocumentFile(path, 0, 3, 19).hashes() == read_hashes(path)).all()


def test_a_file_knows_its_part_of_all_documents() -> None:
    file = DocumentFile(Path("a"), first=2, documents=3, bytes=9)
    assert file.of(np.array([True, True, False, True, False, True])).tolist() == [False, True, False]


def test_json_keeps_characters(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"한": [1, 2]})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"한": [1, 2]}
    assert "한" in (tmp_path / "a.json").read_text(encoding="utf-8")
