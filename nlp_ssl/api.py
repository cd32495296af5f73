"""The commands as functions of Python: `nlp_ssl.pretrain("mlm", corpus=…, out=…, model={"size": "mini"})`.

Keyword arguments have the names of the fields of each command's options. They become the words of a command line, so
that defaults, checks and files are the same, and a comparison records the command that repeats it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, get_type_hints

import tyro

from nlp_ssl import processes
from nlp_ssl.disk_errors import disk_errors
from nlp_ssl.errors import InputError
from nlp_ssl.imports import set_torch_environment
from nlp_ssl.main_guard import end_if_starting
from nlp_ssl.signals import Terminated

Text = str | os.PathLike[str]


def prepare(*text: Text | Sequence[Text], **options: Any) -> Path:
    """Turn raw text into a corpus; returns its folder. `options` are those of `nlp-ssl prepare`. Raises InputError."""
    from nlp_ssl.corpus import prepare as command
    from nlp_ssl.corpus.options import PrepareOptions

    with _called():
        return command.run(words(PrepareOptions, text, options)).folder


def pretrain(recipe: Text | None = None, **options: Any) -> Path:
    """Pretrain a model; returns the folder of the run. `options` are those of `nlp-ssl pretrain`.

    A call that is repeated goes on with its run. Without a recipe, `resume` names the run to continue.
    Raises InputError for wrong options, KeyboardInterrupt if the run was stopped and saved.
    """
    from nlp_ssl import recipe_files
    from nlp_ssl.corpus.store import Corpus
    from nlp_ssl.training import pretrain as command
    from nlp_ssl.training import run_folder

    with _called():
        given = command.read_options(words(command.Pretrain, [] if recipe is None else [recipe], options))
        out = given.out
        if given.resume is None and run_folder.has_begun(out) and recipe_files.is_run(out):
            if not run_folder.holds(out, given, Corpus.open(given.corpus)):
                raise InputError(
                    f"{out} holds a run with another recipe or corpus: continue that run with resume={str(out)!r} "
                    "alone, or choose another out"
                )
            given = replace(given, resume=out)
        if status := command.pretrain(given):
            raise Terminated if status == 143 else KeyboardInterrupt
        return out


def finetune(run: Text, **options: Any) -> dict[str, Any]:
    """Fine-tune a model on a labelled task; returns its scores. `options` are those of `nlp-ssl finetune`.

    The scores are the content of OUT/scores.json. Raises InputError.
    """
    from nlp_ssl.evaluation import finetune as command

    with _called():
        return command.run(words(command.Finetune, [run], options))


def compare(*recipes: Text | Sequence[Text], **options: Any) -> dict[str, Any]:
    """Compare objectives; returns the results. `options` are those of `nlp-ssl compare`.

    The results are the content of OUT/results.json; with `dry_run`, there are none. Raises InputError.
    """
    from nlp_ssl import compare_command as command
    from nlp_ssl.comparison.options import Compare

    with _called():
        return command.run(words(Compare, recipes, options))


@contextmanager
def _called() -> Iterator[None]:
    """What surrounds every command, except that signals are left as they are."""
    end_if_starting()
    set_torch_environment()
    with processes.joined(), disk_errors():
        yield


def words(kind: type[Any], positional: Sequence[Text | Sequence[Text]], options: Mapping[str, Any]) -> list[str]:
    """The command line of options of the dataclass `kind`: `seeds=[3, 5]` becomes `--seeds 3 5`.

    A dict holds the flags of a group: `model={"size": "tiny"}` becomes `--model.size tiny`. None leaves a flag out.
    InputError for a group that is no dict, and a switch that is not True or False.
    """
    each = [text for given in positional for text in (given if isinstance(given, list | tuple) else [given])]
    return [*(f"./{text}" if text.startswith("-") else text for text in map(str, each)), *_flags(kind, options, "")]


def _flags(kind: Any, options: Mapping[str, Any], prefix: str) -> Iterator[str]:
    """The words of options. `kind` is the dataclass that has them, None where it is known with the recipe only."""
    hints = get_type_hints(kind, include_extras=True) if is_dataclass(kind) else {}
    for name, value in options.items():
        hint, flag = hints.get(name), f"--{prefix}{name.replace('_', '-')}"
        if isinstance(value, Mapping):
            yield from _flags(hint, value, f"{flag.removeprefix('--')}.")
        elif isinstance(value, bool):
            yield f"--{prefix}{'' if value else 'no-'}{name.replace('_', '-')}"
        elif value is not None:
            if is_dataclass(hint):
                raise InputError(
                    f"{name} is {value!r}: it must be a dict, as in {name}={ {fields(hint)[0].name: value} }"
                )
            if hint is bool:
                raise InputError(f"{name} is {value!r}: it must be True or False")
            values = list(map(str, value)) if isinstance(value, list | tuple) else [str(value)]
            repeated = tyro.conf.UseAppendAction in getattr(hint, "__metadata__", ())
            for group in [[each] for each in values] if repeated else [values]:
                if group and group[0].startswith("-"):  # apart, it would be a flag
                    yield from (f"{flag}={group[0]}", *group[1:])
                else:
                    yield from (flag, *group)
