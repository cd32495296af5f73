"""Parse a command's arguments into the dataclass of its options, with plain help and one style of errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, NoReturn, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import tyro
from tyro import _errors as failures  # tyro has no public way to read its errors; the tests cover each kind
from tyro.constructors import ConstructorRegistry, StructConstructorSpec, StructFieldSpec, StructTypeInfo

from nlp_ssl.errors import InputError, did_you_mean

Options = TypeVar("Options")

METAVARS = {int: "INT", float: "FLOAT", str: "STR", Path: "PATH"}


def parse(kind: type[Options], command: str, arguments: Sequence[str], default: Any = None) -> Options:
    """The options, an instance of the dataclass `kind`. `default` holds the values of flags that are not given.

    Raises InputError for arguments that cannot be parsed. Prints the help and exits for --help.
    """

    def refuse(event: failures.ParseErrorEvent) -> NoReturn:
        raise InputError(*(f"{command}: {problem}" for problem in _problems(event, list(_flags(kind)))))

    given = {} if default is None else {"default": default}
    config, description = (tyro.conf.FlagCreatePairsOff,) if given else (), " ".join((kind.__doc__ or "").split())
    with failures.on_parse_error(refuse):
        return cast(
            Options,
            tyro.cli(
                kind,
                prog=f"nlp-ssl {command}",
                args=list(arguments),
                description=description,
                config=config,
                registry=_plain_help(),
                **given,
            ),
        )


def _plain_help() -> ConstructorRegistry:
    """A registry that changes how tyro shows the fields of dataclasses, and nothing else."""
    registry = ConstructorRegistry()
    busy = False

    @registry.struct_rule
    def rule(info: StructTypeInfo) -> StructConstructorSpec | None:
        nonlocal busy
        if busy or not is_dataclass(info.type):
            return None
        busy = True  # the call below asks this rule again
        try:
            spec = ConstructorRegistry.get_struct_spec(info)
        finally:
            busy = False
        if not isinstance(spec, StructConstructorSpec):
            return None
        return replace(spec, fields=tuple(map(_plain_field, spec.fields)))

    return registry


def _plain_field(field: StructFieldSpec) -> StructFieldSpec:
    """A field whose help has no line breaks of the source, and whose optional type reads INT instead of {None}|INT."""

    def text() -> str | None:
        raw = field.helptext() if callable(field.helptext) else field.helptext
        return None if raw is None else " ".join(raw.split())

    shown: Any = field.type
    if get_origin(shown) in (Union, UnionType) and NoneType in get_args(shown):
        metavar = "|".join(METAVARS[option] for option in get_args(shown) if option is not NoneType)
        hint = "" if field.default is None else None
        shown = Annotated[shown, tyro.conf.arg(metavar=metavar, help_behavior_hint=hint)]
    return replace(field, helptext=text, type=shown)


def _flags(kind: Any, prefix: str = "--") -> Iterator[str]:
    """The flags of a dataclass, with those of the dataclasses in it."""
    hints = get_type_hints(kind)
    for field in fields(kind):
        flag = prefix + field.name.replace("_", "-")
        if is_dataclass(hints[field.name]):
            yield from _flags(hints[field.name], f"{flag}.")
        else:
            yield flag


def _problems(event: failures.ParseErrorEvent, flags: list[str]) -> list[str]:
    """What is wrong with the arguments, a sentence for each problem."""
    if isinstance(event, failures.MissingArgs):
        unknown = _unknown(event.unrecognized_tokens, flags)
        return unknown + [f"{_name(missing.arg)} is required" for missing in event.missing_arguments]
    if isinstance(event, failures.UnrecognizedArgs):
        return _unknown(event.tokens, flags)
    if isinstance(event, failures.InvalidChoice):
        return [f"{_name(event.argument)} {event.value}: choose from {', '.join(event.choices)}"]
    if isinstance(event, failures.BadValue):
        return [f"{_name(event.argument)}: the value is missing"]
    assert isinstance(event, failures.InstantiationFailure), event
    return [str(event.message) if event.argument is None else f"{_name(event.argument)}: {event.message}"]


def _unknown(words: Sequence[str], flags: list[str]) -> list[str]:
    """The unknown flags, with suggestions; without one, the surplus words."""
    unknown = [word.partition("=")[0] for word in words if word.startswith("-")]
    if not unknown:
        return [f"unexpected argument {words[0]!r}"] if words else []
    return [f"unknown flag {flag}: {did_you_mean(flag.replace('_', '-'), flags)}" for flag in unknown]


def _name(argument: Any) -> str:
    """A flag, or the field's name of a positional argument."""
    return str(argument.field.intern_name).upper() if argument.is_positional() else argument.lowered.name_or_flags[0]
