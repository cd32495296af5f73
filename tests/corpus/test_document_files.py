from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.corpus.document_files import (
    DocumentFile,
    document_path,
    finish,
    finished,
    read_documents,
    read_hashes,
    read_index,
    read_ranges,
    sizes,
    write_documents,
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


def test_the_index_has_groups_and_parts(tmp_path: Path) -> None:
    write_documents(tmp_path / "a.txt", ["a document", "한글"], [3, 5], lambda text, hash: (1, len(text)))
    index = read_index(tmp_path / "a.txt")
    assert (index["group"].tolist(), index["part"].tolist()) == ([3, 5], [[1, 10], [1, 6]])
    assert sizes(index).tolist() == [10, 6]
    assert list(read_ranges(tmp_path / "a.txt", np.array([[10, 13], [2, 5]]))) == ["한", "doc"]


def test_a_file_knows_its_part_of_all_documents() -> None:
    file = DocumentFile(Path("a"), first=2, documents=3, bytes=9)
    assert file.of(np.array([True, True, False, True, False, True])).tolist() == [False, True, False]


@pytest.mark.parametrize("damaged", ["done.json", "text"])
def test_work_with_a_damaged_or_missing_file_is_not_finished(damaged: str, tmp_path: Path) -> None:
    done = tmp_path / "done.json"
    assert finished(done) is None
    (tmp_path / "text").write_text("한")
    finish(done, {"한": 3}, [tmp_path / "text"])
    assert finished(done) == {"한": 3}
    (tmp_path / damaged).write_text("글")
    assert finished(done) is None
    (tmp_path / damaged).unlink()
    assert finished(done) is None
