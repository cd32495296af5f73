"""Clean documents on disk during a preparation: UTF-8 text, with an index of offsets and hashes beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlp_ssl.atomic_io import write_text
from nlp_ssl.corpus.documents import document_hash

_INDEX = np.dtype([("end", np.int64), ("hash", np.uint64)])  # offset in bytes, `document_hash`


@dataclass(frozen=True)
class DocumentFile:
    """A file of clean documents: at most a few MB, unless a single document is larger."""

    path: Path
    first: int  # number of its first document in the whole text
    documents: int
    bytes: int

    def hashes(self) -> npt.NDArray[np.uint64]:
        """The hash of each document, uint64[documents]."""
        return read_hashes(self.path)

    def of(self, flags: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """The part of an array over all documents that belongs to this file, [documents]."""
        return flags[self.first : self.first + self.documents]


def document_path(done: Path, number: int) -> Path:
    """Where a unit's file of this number lies; the unit's counts are in `done`."""
    return done.with_name(f"{done.stem}-{number:03d}.txt")


def write_documents(path: Path, texts: Sequence[str]) -> None:
    """Write clean documents and their index."""
    encoded = [text.encode() for text in texts]
    index = np.empty(len(texts), dtype=_INDEX)
    index["end"] = np.cumsum([len(text) for text in encoded])
    index["hash"] = [document_hash(text) for text in encoded]
    path.write_bytes(b"".join(encoded))
    np.save(path.with_suffix(".npy"), index)


def read_hashes(path: Path) -> npt.NDArray[np.uint64]:
    """The hash of each document of a file, uint64[documents]."""
    hashes: npt.NDArray[np.uint64] = np.load(path.with_suffix(".npy"))["hash"]
    return hashes


def read_documents(path: Path, chosen: npt.NDArray[np.integer[Any]]) -> Iterator[str]:
    """The documents at the given indices."""
    ends = np.load(path.with_suffix(".npy"))["end"]
    starts = np.concatenate(([0], ends[:-1]))
    with path.open("rb") as source:
        for start, end in zip(starts[chosen].tolist(), ends[chosen].tolist(), strict=True):
            source.seek(start)
            yield source.read(end - start).decode()


def write_json(file: Path, content: object) -> None:
    """Write a JSON file, whole or not at all."""
    write_text(file, json.dumps(content, ensure_ascii=False, indent=2) + "\n")
