"""Stage 2 of a preparation: exact duplicates, the split of each document, and the sample for the tokenizer.

Everything is decided by the hashes of documents, so adding text does not move a document to the other split. Two cases
are exceptions: a text of which the hashes put nothing into validation, and a group of sources with long documents. If
the hashes put much less or much more of a group into validation than its share, each of its long documents is divided:
it gives a part (`held_out_part`), which depends on the document alone.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nlp_ssl.console import warn
from nlp_ssl.corpus.document_files import DocumentFile, read_index, read_ranges, sizes
from nlp_ssl.corpus.documents import pieces

TRAIN, VALIDATION, DIVIDED, DROPPED = range(4)
"""What happens to a document: it goes to a split, it is divided between them, or it is a copy of an earlier one."""

LONGEST_PARAGRAPH = 2**18  # characters that a trainer gets at once
SAMPLE_BYTES = 200 * 10**6  # of text that the tokenizer is trained on
TOLERANCE = 2.0  # by which a group's share in validation may be smaller or larger than wanted
_HASHES_AT_ONCE = 2**22  # compared in memory

_ENTRY = np.dtype([("hash", np.uint64), ("place", np.int64)])  # of a document, and its number in the whole text


@dataclass(frozen=True)
class Assignment:
    """What happens to each document."""

    fates: npt.NDArray[np.uint8]  # [documents]: TRAIN, VALIDATION, DIVIDED or DROPPED
    last_of_sample: np.uint64  # the highest hash in the tokenizer's sample of the training split
    group_bytes: npt.NDArray[np.int64]  # [groups, 2]: bytes of text in train and validation
    group_documents: npt.NDArray[np.int64]  # [groups]: documents that are not empty
    pieces: int  # of all divided documents


def assign(validation: float, files: Sequence[DocumentFile], groups: int = 1) -> Assignment:
    """Decide about all documents; `validation` is the share of the validation split, `groups` the number of groups.

    Where the hashes put no document, or every one, into validation, and none is divided, the document with the lowest
    hash is held out.
    """
    dropped = _duplicates(files)
    below = min(int(validation * 2**64), 2**64 - 1)
    divides = _divided_groups(validation, below, files, dropped, groups)
    fates = np.full(len(dropped), TRAIN, np.uint8)
    kept = in_validation = divided = 0
    lowest = 2**64 - 1
    for file in files:
        index, mine = read_index(file.path), file.of(fates)
        mine[index["hash"] < np.uint64(below)] = VALIDATION
        mine[divides[index["group"]] & (index["part"][:, 1] > 0)] = DIVIDED
        mine[file.of(dropped)] = DROPPED
        there = index["hash"][mine != DROPPED]
        kept += len(there)
        in_validation += int((mine == VALIDATION).sum())
        divided += int((mine == DIVIDED).sum())
        lowest = min(lowest, int(there.min())) if len(there) else lowest
    if kept == 1 and not divided:
        if validation:
            warn("only one document is left, so there is no validation split; add text or choose a smaller --document")
        fates[fates == VALIDATION] = TRAIN
    elif validation and not divided and in_validation in (0, kept):
        for file in files:
            mine = file.of(fates)
            mine[mine != DROPPED] = np.where(file.hashes()[mine != DROPPED] <= np.uint64(lowest), VALIDATION, TRAIN)
    pieces = sum(_pieces(read_index(file.path), file.of(fates)) for file in files) if divided else 0
    return Assignment(fates, _last_of_sample(below, files, fates), *_group_counts(files, fates, groups), pieces)


def part_ranges(index: npt.NDArray[Any], fates: npt.NDArray[np.uint8]) -> dict[str, npt.NDArray[np.int64]]:
    """The texts of each split in a file of documents, as offsets in the file: int64[texts, 2], in order.

    A divided document is up to three texts: the part in validation, and what is before and behind it in train.
    """
    ends = index["end"]
    starts = ends - sizes(index)
    whole = np.stack([starts, ends], axis=1)
    divided = fates == DIVIDED
    first, last = (starts + index["part"][:, i] for i in (0, 1))
    pieces = {
        "train": [whole[fates == TRAIN], *(np.stack(p, axis=1)[divided] for p in ((starts, first), (last, ends)))],
        "validation": [whole[fates == VALIDATION], np.stack([first, last], axis=1)[divided]],
    }
    joined = {split: np.concatenate(some) for split, some in pieces.items()}
    written = {split: some[some[:, 0] < some[:, 1]] for split, some in joined.items()}
    return {split: some[np.argsort(some[:, 0])] for split, some in written.items()}


def _pieces(index: npt.NDArray[Any], fates: npt.NDArray[np.uint8]) -> int:
    """The number of pieces of the divided documents of a file."""
    alone = np.where(fates == DIVIDED, fates, DROPPED).astype(np.uint8)
    return sum(len(ranges) for ranges in part_ranges(index, alone).values())


def sample_paragraphs(files: Sequence[DocumentFile], assignment: Assignment) -> Iterator[str]:
    """The paragraphs of the tokenizer's sample; very long ones in pieces, since trainers need much memory for them."""
    for file in files:
        index, fates = read_index(file.path), file.of(assignment.fates)
        fates = np.where(index["hash"] <= assignment.last_of_sample, fates, DROPPED).astype(np.uint8)
        for text in read_ranges(file.path, part_ranges(index, fates)["train"]):
            for paragraph in text.split("\n"):
                yield from pieces([paragraph], LONGEST_PARAGRAPH)


def _divided_groups(
    validation: float, below: int, files: Sequence[DocumentFile], dropped: npt.NDArray[np.bool_], groups: int
) -> npt.NDArray[np.bool_]:
    """bool[groups]: whether the long documents of a group are divided."""
    total, held_out = np.zeros(groups), np.zeros(groups)
    for file in files:
        index = read_index(file.path)
        size = sizes(index) * ~file.of(dropped)
        total += np.bincount(index["group"], size, groups)
        held_out += np.bincount(index["group"], size * (index["hash"] < np.uint64(below)), groups)
    fits = (held_out * TOLERANCE >= validation * total) & (held_out <= TOLERANCE * validation * total)
    return ~fits


def _last_of_sample(below: int, files: Sequence[DocumentFile], fates: npt.NDArray[np.uint8]) -> np.uint64:
    lowest = []
    for file in files:
        mine = file.of(fates)
        hashes = file.hashes()[(mine == TRAIN) | (mine == DIVIDED)]
        lowest += [int(hashes.min())] if len(hashes) else []
    share = min(1.0, SAMPLE_BYTES / sum(file.bytes for file in files))
    return np.uint64(max(min(lowest), min(below + int(share * (2**64 - below)), 2**64 - 1)))


def _group_counts(
    files: Sequence[DocumentFile], fates: npt.NDArray[np.uint8], groups: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The bytes of each group in train and validation [groups, 2], and its documents [groups]."""
    total, documents = np.zeros((groups, 2), np.int64), np.zeros(groups, np.int64)
    for file in files:
        index, mine = read_index(file.path), file.of(fates)
        part = (index["part"][:, 1] - index["part"][:, 0]) * (mine == DIVIDED)
        in_validation = np.where(mine == VALIDATION, sizes(index), part)
        in_train = np.where(mine == DROPPED, 0, sizes(index)) - in_validation
        for column, size in enumerate((in_train, in_validation)):
            total[:, column] += np.bincount(index["group"], size, groups).astype(np.int64)
        documents += np.bincount(index["group"], minlength=groups)
    return total, documents


def _duplicates(files: Sequence[DocumentFile]) -> npt.NDArray[np.bool_]:
    """Whether each document repeats an earlier one.

    Hashes that do not fit into memory are divided into ranges, each a file, which are compared one after the other.
    """
    documents = files[-1].first + files[-1].documents
    repeated = np.zeros(documents, dtype=np.bool_)
    ranges = 1 + documents // _HASHES_AT_ONCE
    if ranges == 1:
        for entries in _entries(files):
            _mark_repeats(entries, repeated)
        return repeated
    borders = np.array([number * 2**64 // ranges for number in range(1, ranges)], np.uint64)
    folder = files[0].path.with_name("hashes")
    shutil.rmtree(folder, ignore_errors=True)  # a killed run may have left it
    folder.mkdir()
    for entries in _entries(files):
        first = _mark_repeats(entries, repeated)
        for number, part in enumerate(np.split(first, np.searchsorted(first["hash"], borders))):
            with (folder / str(number)).open("ab") as file:
                file.write(part.tobytes())
    for number in range(ranges):
        _mark_repeats(np.fromfile(folder / str(number), _ENTRY), repeated)
    shutil.rmtree(folder)
    return repeated


def _entries(files: Sequence[DocumentFile]) -> Iterator[npt.NDArray[Any]]:
    """The entries of all documents, in order, about `_HASHES_AT_ONCE` at a time."""
    waiting, count = [], 0
    for file in files:
        entries = np.empty(file.documents, _ENTRY)
        entries["hash"], entries["place"] = file.hashes(), np.arange(file.first, file.first + file.documents)
        waiting.append(entries)
        count += file.documents
        if count >= _HASHES_AT_ONCE or file is files[-1]:
            yield np.concatenate(waiting)
            waiting, count = [], 0


def _mark_repeats(entries: npt.NDArray[Any], repeated: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    """Mark the documents that repeat an earlier one of these entries. Returns the other entries, sorted by hash."""
    ordered = entries[np.argsort(entries["hash"], kind="stable")]
    repeats = np.zeros(len(ordered), np.bool_)
    repeats[1:] = ordered["hash"][1:] == ordered["hash"][:-1]
    repeated[ordered["place"][repeats]] = True
    return ordered[~repeats]
