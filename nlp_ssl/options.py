"""Parse a command's arguments into the dataclass of its options, with plain help and one style of errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NoReturn, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import tyro
from tyro import _errors as failures  # tyro has no public way to read its errors; the tests cover each kind
from tyro.constructors import (
    ConstructorRegistry,
    PrimitiveConstructorSpec,
    PrimitiveTypeInfo,
    StructConstructorSpec,
    StructFieldSpec,
    StructTypeInfo,
)

from nlp_ssl.errors import FieldError, InputError

Options = TypeVar("Options")

METAVARS = {int: "INT", float: "FLOAT", str: "STR", Path: "PATH"}
IN_WORDS = {int: "a whole number", float: "a finite number"}

HIDDEN = (tyro.conf.Fixed, tyro.conf.Suppress)
"""The markers of a field without a flag: `Annotated[T, *HIDDEN]`."""


def parse(
    kind: type[Options],
    command: str,
    arguments: Sequence[str],
    default: Any = None,
    notes: Callable[[], str] = lambda: "",
) -> Options:
    """The options, an instance of the dataclass `kind`. `default` holds the values of flags that are not given.

    Raises InputError for arguments that cannot be parsed. Prints the help and exits for --help; `notes` gives the text
    that follows the description there.
    """
    flags = _Flags(kind)
    if default is not None:
        restated = set(_restated(default))
        arguments = [word for word in arguments if word not in restated]

    def refuse(event: failures.ParseErrorEvent) -> NoReturn:
        raise InputError(*(f"{command}: {problem}" for problem in _problems(event, flags.names, arguments)))

    description = " ".join((kind.__doc__ or "").split())
    if {"-h", "--help"} & set(arguments) and (more := notes()):
        description += f"\n\n{more}"
    with failures.on_parse_error(refuse):
        return cast(
            Options,
            tyro.cli(
                kind,
                prog=f"nlp-ssl {command}",
                args=list(arguments),
                description=description,
                config=() if default is None else (tyro.conf.FlagCreatePairsOff,),
                registry=_registry(command, flags),
                **({} if default is None else {"default": default}),
            ),
        )


def _restated(default: Any, prefix: str = "--") -> Iterator[str]:
    """The words that give a switch its default, such as "--no-compile": the help has only those that change it."""
    for option in fields(default):
        value, flag = getattr(default, option.name), option.name.replace("_", "-")
        if isinstance(value, bool):
            yield f"{prefix}{flag if value else f'no-{flag}'}"
        elif is_dataclass(value):
            yield from _restated(value, f"{prefix}{flag}.")


@dataclass
class _Flags:
    """The flags of a dataclass, with those of the dataclasses in it."""

    kind: Any
    names: list[str] = field(default_factory=list)
    prefixes: dict[Any, str] = field(default_factory=dict)
    """How the flags of each dataclass begin, such as "--optimizer."."""

    def __post_init__(self) -> None:
        self._add(self.kind, "--")

    def _add(self, kind: Any, prefix: str) -> None:
        self.prefixes[kind] = prefix
        hints = get_type_hints(kind, include_extras=True)
        for option in fields(kind):
            hint, flag = hints[option.name], prefix + _spelled(option.name)
            if is_dataclass(hint):
                self._add(hint, f"{flag}.")
            elif not {tyro.conf.Positional, tyro.conf.Suppress} & set(getattr(hint, "__metadata__", ())):
                self.names.append(flag)

    def refusal(self, kind: Any, error: FieldError) -> str:
        """The broken rule of a field, with its flag if it has one."""
        flag = self.prefixes.get(kind, "--") + _spelled(error.field)
        return f"{flag} is {error.value!r}: {error.rule}" if flag in self.names else str(error)


def _spelled(field: str) -> str:
    """The name of a field on the command line. Fields that would be words of Python, such as `for_`, end in "_"."""
    return field.rstrip("_").replace("_", "-")


def _registry(command: str, flags: _Flags) -> ConstructorRegistry:
    """A registry that changes how tyro shows the fields of dataclasses and reports their broken rules."""
    registry = ConstructorRegistry()
    busy = False

    @registry.primitive_rule
    def numbers(info: PrimitiveTypeInfo) -> PrimitiveConstructorSpec[Any] | None:
        kind: Any = info.type
        return _number(kind) if kind in IN_WORDS else None

    @registry.struct_rule
    def rule(info: StructTypeInfo) -> StructConstructorSpec | None:
        nonlocal busy
        kind: Any = get_origin(info.type) or info.type
        if busy or not (is_dataclass(kind) or kind is dict):
            return None
        busy = True  # the call below asks this rule again
        try:
            spec = ConstructorRegistry.get_struct_spec(info)
        finally:
            busy = False
        if not isinstance(spec, StructConstructorSpec):
            return None
        if kind is dict:
            return replace(spec, fields=tuple(replace(f, helptext="An entry of this table.") for f in spec.fields))
        make = spec.instantiate

        def instantiate(**values: Any) -> Any:
            for name, value in values.items():
                if type(value) is int and abs(value) >= 2**63:
                    error = FieldError(name, value, "it must be less than 2^63")
                    raise InputError(f"{command}: {flags.refusal(kind, error)}")
            try:
                return make(**values)
            except FieldError as error:
                raise InputError(f"{command}: {flags.refusal(kind, error)}") from None

        return StructConstructorSpec(instantiate, tuple(map(_plain_field, spec.fields)))

    return registry


def _number(kind: type[int] | type[float]) -> PrimitiveConstructorSpec[Any]:
    """How tyro reads a number: in the digits 0 to 9, and finite."""

    def read(words: list[str]) -> int | float:
        value = kind(words[0])
        if not (words[0].isascii() and math.isfinite(value)):
            raise ValueError(words[0])
        return value

    def fits(value: Any) -> bool:
        return isinstance(value, int | kind) and not isinstance(value, bool)

    return PrimitiveConstructorSpec(1, METAVARS[kind], read, fits, lambda value: [str(value)])


def _plain_field(option: StructFieldSpec) -> StructFieldSpec:
    """A field whose help has no line breaks of the source, and whose optional type reads INT instead of {None}|INT."""

    def text() -> str | None:
        raw = option.helptext() if callable(option.helptext) else option.helptext
        if raw is None and is_dataclass(option.type):
            raw = option.type.__doc__
        return None if raw is None else " ".join(raw.split())

    shown: Any = option.type
    look: dict[str, Any] = {}
    if get_origin(shown) in (Union, UnionType) and NoneType in get_args(shown):
        look["metavar"] = "|".join(METAVARS[part] for part in get_args(shown) if part is not NoneType)
    if option.default is None or option.default == ():
        look["help_behavior_hint"] = ""
    if get_origin(shown) is Annotated and tyro.conf.Positional in get_args(shown)[1:]:
        look["metavar"] = option.name.upper()
        look["help_behavior_hint"] = "(required)"
    if option.name.endswith("_"):
        look["name"] = _spelled(option.name)
    if look:
        shown = Annotated[shown, tyro.conf.arg(**look)]
    return replace(option, helptext=text, type=shown)


def _problems(event: failures.ParseErrorEvent, flags: list[str], arguments: Sequence[str]) -> list[str]:
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
    if event.argument is None:
        return [str(event.message)]
    name = _name(event.argument)
    return [f"{name} is {' '.join(_values(name, arguments))!r}: {_rule(event.argument.field.type)}"]


def _unknown(words: Sequence[str], flags: list[str]) -> list[str]:
    """The unknown flags, with suggestions; without one, the surplus words."""
    unknown = [word.partition("=")[0] for word in words if word.startswith("-")]
    if not unknown:
        return [f"unexpected argument {words[0]!r}"] if words else []
    return [f"unknown flag {flag}: {_suggestion(flag.replace('_', '-'), flags)}" for flag in unknown]


def _suggestion(flag: str, flags: list[str]) -> str:
    """The known flag that ends like an unknown one, such as --model.size for --size, or that is close to it."""
    from difflib import get_close_matches

    def end(flag: str) -> str:
        return flag.removeprefix("--").rpartition(".")[2]

    ends = {end(known): known for known in flags}
    close = [ends[end(flag)]] if end(flag) in ends else get_close_matches(flag, flags, n=1)
    close = close or [ends[found] for found in get_close_matches(end(flag), list(ends), n=1)]
    return f"did you mean {close[0]!r}?" if close else "--help lists them"


def _values(flag: str, arguments: Sequence[str]) -> Iterator[str]:
    """The words that a flag was given, the last time that it occurs."""
    spelled = [(word.replace("_", "-").partition("=")[0], word) for word in arguments]
    last = max(i for i, (name, _) in enumerate(spelled) if name == flag)
    if "=" in arguments[last]:
        yield arguments[last].partition("=")[2]
    for word in arguments[last + 1 :]:
        if word.startswith("--"):
            return
        yield word


def _rule(hint: Any) -> str:
    """What a value of a type must be, as the end of a sentence."""
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) is tuple:
        return f"each value must be {_in_words(get_args(hint)[0])}"
    return f"it must be {_in_words(hint)}"


def _in_words(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return " or ".join(map(repr, get_args(hint)))
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(_in_words(part) for part in get_args(hint) if part is not NoneType)
    return IN_WORDS[hint]


def _name(argument: Any) -> str:
    """A flag, or the field's name of a positional argument."""
    return str(argument.field.intern_name).upper() if argument.is_positional() else argument.lowered.name_or_flags[0]
