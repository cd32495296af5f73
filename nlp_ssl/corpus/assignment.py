"""Stage 2 of a preparation: exact duplicates, the split of each document, and the sample for the tokenizer.

Everything is decided by the hashes of documents, so adding text never moves a document to the other split.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nlp_ssl.console import warn
from nlp_ssl.corpus.document_files import DocumentFile, read_documents

SAMPLE_BYTES = 200 * 10**6  # of text that the tokenizer is trained on
_HASHES_AT_ONCE = 2**22  # compared in memory


@dataclass(frozen=True)
class Assignment:
    """What happens to each document."""

    dropped: npt.NDArray[np.bool_]  # [documents]: later copies of a document
    validation_below: int  # documents whose hash is below are for validation
    sample: tuple[np.uint64, np.uint64]  # first and last hash of the tokenizer's sample, in the training split


def assign(validation: float, files: Sequence[DocumentFile]) -> Assignment:
    """Decide about all documents; `validation` is the share of the validation split.

    Where the hashes put no document, or every one, into validation, the document with the lowest hash is held out.
    """
    dropped = _duplicates(files)
    below = min(int(validation * 2**64), 2**64 - 1)
    kept = in_validation = 0
    lowest = 2**64 - 1
    for file in files:
        hashes = _kept(file, dropped)
        kept += len(hashes)
        in_validation += int((hashes < np.uint64(below)).sum())
        lowest = min(lowest, int(hashes.min())) if len(hashes) else lowest
    if kept == 1:
        if validation:
            warn("the text is a single document, so there is no validation split; choose a smaller --document")
        below = 0
    elif validation and in_validation in (0, kept):
        below = lowest + 1
    share = min(1.0, SAMPLE_BYTES / sum(file.bytes for file in files))
    training = (_kept(file, dropped) for file in files)
    first = min(int(hashes.min()) for h in training if len(hashes := h[h >= np.uint64(below)]))
    last = max(first, min(below + int(share * (2**64 - below)), 2**64 - 1))
    return Assignment(dropped, below, (np.uint64(first), np.uint64(last)))


def sample_paragraphs(files: Sequence[DocumentFile], assignment: Assignment) -> Iterator[str]:
    """The paragraphs of the tokenizer's sample."""
    first, last = assignment.sample
    for file in files:
        hashes = file.hashes()
        chosen = np.flatnonzero((hashes >= first) & (hashes <= last) & ~file.of(assignment.dropped))
        for text in read_documents(file.path, chosen):
            yield from text.split("\n")


def _duplicates(files: Sequence[DocumentFile]) -> npt.NDArray[np.bool_]:
    """Whether each document repeats an earlier one. Hashes are compared range by range, to bound the memory."""
    documents = files[-1].first + files[-1].documents
    repeated = np.zeros(documents, dtype=np.bool_)
    ranges = 1 + documents // _HASHES_AT_ONCE
    for number in range(ranges):
        found, where = [], []
        for file in files:
            hashes = file.hashes()
            here = np.flatnonzero((hashes >> np.uint64(40)) % np.uint64(ranges) == number)
            found.append(hashes[here])
            where.append(here + file.first)
        hashes, places = np.concatenate(found), np.concatenate(where)
        order = np.argsort(hashes, kind="stable")
        repeats = hashes[order][1:] == hashes[order][:-1]
        repeated[places[order][1:][repeats]] = True
    return repeated


def _kept(file: DocumentFile, dropped: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint64]:
    return file.hashes()[~file.of(dropped)]
