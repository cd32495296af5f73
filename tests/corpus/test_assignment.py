from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.corpus import assignment as module
from nlp_ssl.corpus.assignment import assign, sample_paragraphs
from nlp_ssl.corpus.document_files import DocumentFile, read_hashes, write_documents


def files(folder: Path, *texts: list[str]) -> list[DocumentFile]:
    found, first = [], 0
    for number, some in enumerate(texts):
        path = folder / f"{number}.txt"
        write_documents(path, some)
        found.append(DocumentFile(path, first, len(some), sum(len(text) for text in some)))
        first += len(some)
    return found


@pytest.mark.parametrize("at_once", [1, 2, 2**22])
def test_later_copies_are_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(module, "_HASHES_AT_ONCE", at_once)
    found = assign(0.0, files(tmp_path, ["a", "b", "a"], ["c", "b", "d"]))
    assert found.dropped.tolist() == [False, False, True, False, True, False]
    assert found.validation_below == 0


def test_documents_below_the_share_of_all_hashes_are_for_validation(tmp_path: Path) -> None:
    found = files(tmp_path, [str(i) for i in range(1000)])
    below = assign(0.25, found).validation_below
    assert below == 2**62
    assert 200 <= (read_hashes(found[0].path) < np.uint64(below)).sum() <= 300


def test_the_lowest_hash_is_held_out_where_the_share_is_too_small(tmp_path: Path) -> None:
    found = files(tmp_path, ["a", "b", "c"])
    hashes = read_hashes(found[0].path)
    assert assign(1e-9, found).validation_below == int(hashes.min()) + 1


def test_a_single_document_is_for_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert assign(0.5, files(tmp_path, ["a", "a"])).validation_below == 0
    assert "no validation split; choose a smaller --document" in capsys.readouterr().err


def test_the_sample_is_a_range_of_training_hashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = files(tmp_path, [f"{i}\nx" for i in range(400)], ["0\nx"])
    everything = assign(0.25, found)
    paragraphs = list(sample_paragraphs(found, everything))
    training = (read_hashes(found[0].path) >= np.uint64(2**62)).sum()
    assert len(paragraphs) == 2 * training and paragraphs.count("x") == training
    monkeypatch.setattr(module, "SAMPLE_BYTES", sum(file.bytes for file in found) / 10)
    fewer = list(sample_paragraphs(found, assign(0.25, found)))
    assert 0.05 * training < len(fewer) / 2 < 0.2 * training
    assert set(fewer) <= set(paragraphs)
