"""The project's own JSON files: each carries a checksum. Damage becomes one sentence that names the file.

The key `checksum` is BLAKE2b of the other keys. A file without it was written by an earlier version, and is read as it
is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

from nlp_ssl.atomic_io import writing
from nlp_ssl.errors import InputError, cut
from nlp_ssl.toml_tables import from_table

T = TypeVar("T")


def write_object(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON object with its checksum. The file appears complete or not at all."""
    plain: dict[str, Any] = json.loads(json.dumps(value))
    plain.pop("checksum", None)
    text = json.dumps(plain | {"checksum": _checksum(plain)}, indent=1, ensure_ascii=False) + "\n"
    with writing(path) as beside:  # file names that are not UTF-8 have lone surrogates, which JSON escapes
        beside.write_bytes(text.encode(errors="backslashreplace"))


def read_object(path: Path, remedy: str, *, old: bool = True) -> dict[str, Any]:
    """The JSON object in a file, without its checksum.

    InputError, ending in `remedy`, if the file is missing, damaged, empty or no object. `old` is whether an
    earlier version wrote such files without a checksum.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path} is missing: {remedy}") from None
    except (ValueError, RecursionError, IsADirectoryError):  # not JSON, not UTF-8, nested without end
        raise InputError(f"{path} is damaged: {remedy}") from None
    if not isinstance(value, dict):
        raise InputError(f"{path} is damaged, it does not hold a JSON object: {remedy}")
    expected = value.pop("checksum", None)
    if not value or expected != (None if expected is None and old and not _renamed(value) else _checksum(value)):
        raise InputError(f"{path} is damaged or was edited: {remedy}")
    return value


def read_record(path: Path, kind: type[T], remedy: str) -> T:
    """The object in a JSON file as the dataclass `kind`. InputError, ending in `remedy`, where it does not fit."""
    problems: list[str] = []
    record = from_table(kind, read_object(path, remedy), problems)
    if record is None:
        raise InputError(f"{path} is damaged or of another version ({cut(problems[0])}): {remedy}")
    return record


def _renamed(value: Mapping[str, Any]) -> bool:
    """Whether the last key holds the checksum of the others: damage to its name does not make a file an older one."""
    *others, (_, last) = value.items()
    return bool(last == _checksum(dict(others)))


def _checksum(value: Mapping[str, Any]) -> str:
    return blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=16).hexdigest()
