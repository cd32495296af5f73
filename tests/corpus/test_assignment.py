from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.corpus import assignment as module
from nlp_ssl.corpus.assignment import (
    DIVIDED,
    DROPPED,
    TRAIN,
    VALIDATION,
    assign,
    part_ranges,
    sample_paragraphs,
)  # fmt: skip
from nlp_ssl.corpus.document_files import DocumentFile, read_hashes, read_index, write_documents


def files(folder: Path, *texts: list[str], group: int = 0) -> list[DocumentFile]:
    """Documents of 100 characters or more may give their characters 20 to 30."""
    found, first = [], 0
    for number, some in enumerate(texts):
        path = folder / f"{group}-{number}.txt"
        write_documents(path, some, group, lambda text, hash: (20, 30) if len(text) >= 100 else (0, 0))
        found.append(DocumentFile(path, first, len(some), sum(len(text) for text in some)))
        first += len(some)
    return found


@pytest.mark.parametrize("at_once", [1, 2, 2**22])
def test_later_copies_are_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(module, "_HASHES_AT_ONCE", at_once)
    found = assign(0.0, files(tmp_path, ["a", "b", "a"], ["c", "b", "d"]))
    assert found.fates.tolist() == [TRAIN, TRAIN, DROPPED, TRAIN, DROPPED, TRAIN]


@pytest.mark.parametrize("at_once", [7, 2**22])
def test_hashes_in_files_give_the_same_copies_and_are_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    texts = [str(i * i % 23) for i in range(60)]
    found = files(tmp_path, *(texts[n : n + 4] for n in range(0, 60, 4)))
    (tmp_path / "hashes").mkdir()  # left by a killed run
    (tmp_path / "hashes" / "0").write_bytes(b"0123456789")
    reads: list[Path] = []
    monkeypatch.setattr(module, "_HASHES_AT_ONCE", at_once)
    monkeypatch.setattr(DocumentFile, "hashes", lambda file: reads.append(file.path) or read_hashes(file.path))
    assert module._duplicates(found).tolist() == [text in texts[:n] for n, text in enumerate(texts)]
    assert len(reads) == 15
    assert (tmp_path / "hashes").exists() == (at_once > 60)


def test_documents_below_the_share_of_all_hashes_are_for_validation(tmp_path: Path) -> None:
    found = files(tmp_path, [str(i) for i in range(1000)])
    fates = assign(0.25, found).fates
    assert ((fates == VALIDATION) == (read_hashes(found[0].path) < np.uint64(2**62))).all()
    assert 200 <= (fates == VALIDATION).sum() <= 300


def test_the_lowest_hash_is_held_out_where_the_share_is_too_small(tmp_path: Path) -> None:
    found = files(tmp_path, ["a", "b", "c"])
    fates = assign(1e-9, found).fates
    assert np.flatnonzero(fates == VALIDATION).tolist() == [int(read_hashes(found[0].path).argmin())]


def test_a_single_short_document_is_for_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert assign(0.5, files(tmp_path, ["a", "a"])).fates.tolist() == [TRAIN, DROPPED]
    assert "no validation split; add text or choose a smaller --document" in capsys.readouterr().err


def test_a_single_long_document_is_divided(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = files(tmp_path, ["a" * 100])
    assigned = assign(0.1, found)
    assert assigned.fates.tolist() == [DIVIDED]
    assert (assigned.group_bytes.tolist(), assigned.pieces) == ([[90, 10]], 3)
    ranges = part_ranges(read_index(found[0].path), assigned.fates)
    assert {split: some.tolist() for split, some in ranges.items()} == {
        "train": [[0, 20], [30, 100]],
        "validation": [[20, 30]],
    }
    assert list(sample_paragraphs(found, assigned)) == ["a" * 20, "a" * 70]
    assert capsys.readouterr().err == ""
    assert assign(0.0, found).fates.tolist() == [TRAIN]


def test_only_a_group_that_the_hashes_do_not_serve_is_divided(tmp_path: Path) -> None:
    few = [f"{i:0200}" for i in range(4)]
    many = [f"{i:0200}" for i in range(100, 500)]
    mixed = [files(tmp_path, few, group=0)[0], files(tmp_path, many, group=1)[0]]
    mixed[1] = DocumentFile(mixed[1].path, 4, 400, mixed[1].bytes)
    assigned = assign(0.05, mixed, groups=2)
    assert assigned.fates[:4].tolist() == [DIVIDED] * 4
    assert set(assigned.fates[4:].tolist()) == {TRAIN, VALIDATION}
    assert assigned.group_bytes[0].tolist() == [760, 40]
    assert 0.025 < assigned.group_bytes[1, 1] / assigned.group_bytes[1].sum() < 0.1
    assert assigned.group_documents.tolist() == [4, 400]


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
