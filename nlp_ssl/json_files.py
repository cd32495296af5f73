"""Read the project's own JSON files: damage of any kind becomes one sentence that names the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from nlp_ssl.errors import InputError
from nlp_ssl.toml_tables import from_table

T = TypeVar("T")


def read_object(path: Path, remedy: str) -> dict[str, Any]:
    """The JSON object in a file. InputError, ending in `remedy`, if it is missing, damaged or not an object."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path} is missing: {remedy}") from None
    except (ValueError, RecursionError):  # not JSON, not UTF-8, nested without end
        raise InputError(f"{path} is damaged: {remedy}") from None
    if not isinstance(value, dict):
        raise InputError(f"{path} is damaged, it does not hold a JSON object: {remedy}")
    return value


def read_record(path: Path, kind: type[T], remedy: str) -> T:
    """The object in a JSON file as the dataclass `kind`. InputError, ending in `remedy`, where it does not fit."""
    problems: list[str] = []
    record = from_table(kind, read_object(path, remedy), problems)
    if record is None:
        raise InputError(f"{path} is damaged or of another version ({problems[0]}): {remedy}")
    return record
