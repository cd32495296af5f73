"""Checksums of the files in a folder: how a folder that was written once is checked before it is read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nlp_ssl.errors import InputError
from nlp_ssl.json_files import read_record, write_object

SEAL = "checksums.json"
"""In a model's folder: the checksums of its files. A folder without it, such as another program's, is not checked."""


@dataclass(frozen=True)
class _Seal:
    files: dict[str, str]


def checksum(file: Path) -> str:
    """BLAKE2b of a file's content, as hexadecimal digits."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def checksums(folder: Path, files: Iterable[Path]) -> dict[str, str]:
    """The checksum of each file, by its path relative to `folder`, sorted."""
    return {file.relative_to(folder).as_posix(): checksum(file) for file in sorted(files)}


def changed(folder: Path, expected: Mapping[str, str]) -> list[str]:
    """The names of `expected` whose files in `folder` are missing or have another checksum."""
    return [name for name, value in expected.items() if not _is(folder, name, value)]


def _is(folder: Path, name: str, expected: str) -> bool:
    inside = not PurePosixPath(name).is_absolute() and ".." not in PurePosixPath(name).parts
    return inside and (folder / name).is_file() and checksum(folder / name) == expected


def seal(folder: Path) -> None:
    """Write the checksums of all files in a model's folder, except its model card, which people edit."""
    files = [file for file in folder.rglob("*") if file.is_file() and file.name not in (SEAL, "README.md")]
    write_object(folder / SEAL, {"files": checksums(folder, files)})


def check_seal(folder: Path, remedy: str) -> None:
    """InputError, with what to do about it, if a file of a sealed folder is not as it was written."""
    if not (folder / SEAL).exists():
        return
    again = f"{remedy}; or delete {SEAL} if you changed the folder"
    wrong = changed(folder, read_record(folder / SEAL, _Seal, again).files)
    if wrong:
        what = "damaged or changed" if (folder / wrong[0]).exists() else "missing"
        raise InputError(f"{folder / wrong[0]} is {what}: {again}")
