"""Read a TOML table into a frozen dataclass, and write a dataclass as TOML.

    problems: list[str] = []
    recipe = from_table(Recipe, read_toml(path), problems)

The dataclass's fields are the keys that a table may have, and their types are the types that a value must have:
`bool`, `int`, `float` (whole numbers too), `str`, `Literal`, unions, `tuple[T, ...]` (a TOML array), `dict[str, T]`,
another dataclass (a table of its own), `Any`, and `Annotated[tuple[T, ...], ONE_OR_MORE]` (an array, or one value).
Rules about values are the dataclass's own: `__post_init__` raises `FieldError` (see `nlp_ssl.errors.require`).

Every problem is reported, each with the field's full name: unknown keys with the closest known one, missing keys, wrong
types, broken rules.
"""

from __future__ import annotations

import math
import re
import tomllib
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import tomli_w

from nlp_ssl.errors import FieldError, InputError, did_you_mean

T = TypeVar("T")

ONE_OR_MORE = "one or more"
"""Marks a tuple field whose value in a table may also be a single item, without an array around it."""


_SEAL = re.compile(r"# Written by nlp-ssl, checksum ([0-9a-f]{32})\n")


def sealed(text: str) -> str:
    """The text of a TOML file with its checksum in a comment before it."""
    return f"# Written by nlp-ssl, checksum {_checksum(text)}\n{text}"


def read_sealed_toml(path: Path, remedy: str) -> dict[str, Any]:
    """The content of a TOML file that `sealed` made. InputError, ending in `remedy`, if it is damaged or was edited.

    A file without the comment is read as it is.
    """
    try:
        text = path.read_bytes().decode(errors="replace")
        seal = _SEAL.match(text)
        intact = seal is None or seal[1] == _checksum(text[seal.end() :])
        if intact and (table := read_toml(path)):
            return table
    except FileNotFoundError:
        raise InputError(f"{path} is missing: {remedy}") from None
    except (InputError, IsADirectoryError):  # no TOML
        pass
    raise InputError(f"{path} is damaged or was edited: {remedy}")


def _checksum(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file. InputError where it is not valid TOML in UTF-8."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid TOML: {error}") from None
    except RecursionError:
        raise InputError(f"{path}: not valid TOML: it is nested too deeply") from None


def from_table(
    kind: type[T], table: Mapping[str, Any], problems: list[str], where: str = "", **given: object
) -> T | None:
    """An instance of the dataclass `kind`, or None where a problem was added to `problems`.

    `where` is the table's own name with a dot, such as "optimizer.". `given` are fields that are no keys of the table.
    """
    hints = get_type_hints(kind, include_extras=True)
    known = {f.name: f for f in fields(kind) if f.name not in given}  # type: ignore[arg-type]
    before = len(problems)
    unread = False  # whether a default stands for a value, so that rules over several fields say nothing
    values = dict(given)
    for key, value in table.items():
        if key not in known:
            problems.append(f"unknown key {where}{key}: {did_you_mean(key, list(known))}")
        elif is_dataclass(hints[key]) and isinstance(value, dict):
            values[key] = from_table(hints[key], value, problems, f"{where}{key}.")
        else:
            try:
                values[key] = _converted(value, hints[key])
            except _WrongTypeError:
                unread = True
                problems.append(f"{where}{key} is {value!r}: it must be {_described(hints[key])}")
    problems += [f"{where}{key} is missing" for key, f in known.items() if _is_required(f) and key not in table]
    values = {key: value for key, value in values.items() if value is not None}
    try:
        complete = not unread and all(key in values for key, f in known.items() if _is_required(f))
        made = kind(**values) if complete else None
    except FieldError as error:
        problems.append(f"{where}{error}")
    except ValueError as error:
        problems.append(str(error))
    return made if len(problems) == before else None


def to_toml(tables: Mapping[str, Any]) -> str:
    """TOML that `from_table` reads back. A dataclass is a table. None and empty dicts are left out."""
    return tomli_w.dumps({key: _plain(value) for key, value in tables.items() if not _is_left_out(value)})


def _plain(value: Any) -> Any:
    """A value in the types of TOML."""
    if is_dataclass(value):
        value = {f.name: getattr(value, f.name) for f in fields(value)}
        return {key: _plain(item) for key, item in value.items() if not _is_left_out(item)}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    return list(map(_plain, value)) if isinstance(value, list | tuple) else value


def _is_left_out(value: object) -> bool:
    return value is None or value == {}


def _is_required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


class _WrongTypeError(Exception):
    """A value of a table is not of its field's type."""


def _converted(value: object, hint: Any) -> Any:
    """A TOML value in a field's type. `_WrongTypeError` where it does not fit."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _converted(value if isinstance(value, list) else [value], arguments[0])
    if origin in (Union, types.UnionType):
        for option in arguments:
            try:
                return _converted(value, option)
            except _WrongTypeError:
                continue
    elif origin is tuple and isinstance(value, list):
        return tuple(_converted(item, arguments[0]) for item in value)
    elif origin is dict and isinstance(value, dict):
        return {key: _converted(item, arguments[1]) for key, item in value.items()}
    elif hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        if abs(value) < math.inf:
            return float(value)
    elif origin is Literal:
        if value in arguments:
            return value
    elif hint is Any or (type(value) is hint and not (isinstance(value, int) and abs(value) >= 2**63)):
        return value
    raise _WrongTypeError


def _described(hint: Any) -> str:
    """A type in words, as the end of "it must be …"."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return f"{_described(get_args(arguments[0])[0])} or {_described(arguments[0])}"
    if origin is Literal:
        return "one of " + ", ".join(map(repr, arguments))
    if origin in (Union, types.UnionType):
        return " or ".join(_described(option) for option in arguments if option is not type(None))
    if origin is tuple:
        return "a list of strings" if arguments[0] is str else f"a list, each item {_described(arguments[0])}"
    if origin is dict and arguments[1] is not Any:
        return f"a table, each value {_described(arguments[1])}"
    words = {int: "a whole number", float: "a finite number", bool: "true or false", str: "a string"}
    return words.get(hint, "a table")
