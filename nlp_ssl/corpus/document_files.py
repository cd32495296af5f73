"""Clean documents on disk during a preparation: UTF-8 text, with an index of offsets and hashes beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from nlp_ssl.atomic_io import writing
from nlp_ssl.checksums import changed, checksums
from nlp_ssl.corpus.documents import document_hash
from nlp_ssl.errors import InputError
from nlp_ssl.json_files import read_object, write_object

T = TypeVar("T", bound=np.generic)

_INDEX = np.dtype([("end", np.int64), ("hash", np.uint64), ("group", np.int32), ("part", np.int64, (2,))])
"""Of each document: the offset of its end in the file, its `document_hash`, the number of its group of sources, and the
part for validation that it may give, as offsets in the document; both 0 where it gives none. Offsets are in bytes."""


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

    def of(self, values: npt.NDArray[T]) -> npt.NDArray[T]:
        """The view of an array over all documents that belongs to this file, [documents]."""
        return values[self.first : self.first + self.documents]


def document_path(done: Path, number: int) -> Path:
    """Where a unit's file of this number lies; the unit's counts are in `done`."""
    return done.with_name(f"{done.stem}-{number:03d}.txt")


def write_documents(
    path: Path,
    texts: Sequence[str],
    groups: Sequence[int] | int = 0,
    part: Callable[[bytes, int], tuple[int, int]] = lambda text, hash: (0, 0),
) -> None:
    """Write clean documents and their index: their groups, and the part of each, from its text and hash."""
    encoded = [text.encode() for text in texts]
    index = np.empty(len(texts), dtype=_INDEX)
    index["group"] = groups
    index["end"] = np.cumsum([len(text) for text in encoded])
    index["hash"] = [document_hash(text) for text in encoded]
    index["part"] = [part(text, hash) for text, hash in zip(encoded, index["hash"].tolist(), strict=True)]
    with writing(path, durable=False) as beside:
        beside.write_bytes(b"".join(encoded))
    with writing(path.with_suffix(".npy"), durable=False) as beside, beside.open("wb") as file:
        np.save(file, index)


def read_hashes(path: Path) -> npt.NDArray[np.uint64]:
    """The hash of each document of a file, uint64[documents]."""
    hashes: npt.NDArray[np.uint64] = read_index(path)["hash"]
    return hashes


def read_index(path: Path) -> npt.NDArray[Any]:
    """The index of a file, [documents], with the fields "end", "hash", "group" and "part" [documents, 2]."""
    index: npt.NDArray[Any] = np.load(path.with_suffix(".npy"))
    return index


def sizes(index: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """The bytes of each document of an index, int64[documents]."""
    return np.diff(index["end"], prepend=0)


def read_documents(path: Path, chosen: npt.NDArray[np.integer[Any]]) -> Iterator[str]:
    """The documents at the given indices."""
    index = read_index(path)
    ends = index["end"][chosen]
    yield from read_ranges(path, np.stack([ends - sizes(index)[chosen], ends], axis=1))


def read_ranges(path: Path, ranges: npt.NDArray[np.int64]) -> Iterator[str]:
    """The texts between offsets of a file, int64[texts, 2]."""
    with path.open("rb") as source:
        for start, end in ranges.tolist():
            source.seek(start)
            yield source.read(end - start).decode()


def finish(done: Path, facts: Mapping[str, Any], files: Iterable[Path]) -> None:
    """Write what is known of some finished work: `facts`, and the checksums of its files, which lie beside `done`."""
    write_object(done, {"facts": facts, "files": checksums(done.parent, files)})


def finished(done: Path) -> dict[str, Any] | None:
    """The facts of finished work. None if it is not finished, or it is damaged and has to be done again."""
    try:
        stored = read_object(done, "")
        facts: dict[str, Any] = stored["facts"]
        return None if changed(done.parent, stored["files"]) else facts
    except (InputError, KeyError):
        return None
