"""Labelled tasks as declarations.

A task is the `[task]` table of a TOML file, one of those in `data/` or one's own:

    [task]
    title = "The sentiment of phrases from film reviews, two classes"
    paper = "Socher et al. 2013"
    columns = ["sentence"]              # the text, or the two texts of a pair
    label = "label"                     # the column with the label, or with the number to predict
    kind = "classification"             # or multilabel, regression, token_classification
    labels = ["negative", "positive"]   # their order gives the ids; left out: what train has, sorted
    metrics = ["accuracy"]              # the first one is what choices are made by
    hub = "nyu-mll/glue/sst2"           # where to load it from when no files are given
    [task.splits]                       # what the hub calls the splits
    train = "train"
    dev = "validation"
    test = "test"
    [task.submission]                   # what the benchmark calls the file of predictions for a test split
    test = "SST-2.tsv"

A column may be a list of the names it goes by. `dev` is what scores are reported on; a task with several
such splits names them `dev_…`, and each metric is reported on each of them. A test split with labels is scored
too; for one without there is a file of predictions.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nlp_ssl import declarations, registry
from nlp_ssl.errors import InputError, did_you_mean

SPLITS = MappingProxyType({"train": "train", "dev": "validation", "test": "test"})
"""The splits of a task that declares none, and what they are called on the hub."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """A labelled task. The fields are the keys of the declaration."""

    name: str
    title: str = ""
    paper: str = ""
    kind: str = "classification"
    """The name of a kind of task, a file in `nlp_ssl/tasks/kinds`."""
    columns: tuple[tuple[str, ...], ...]
    """One text or two, each with the names that its column goes by."""
    label: tuple[str, ...]
    """The names that the column of labels goes by."""
    labels: tuple[str, ...] = ()
    """The names of the classes in the order of their ids; empty for those of the train split."""
    metrics: tuple[str, ...]
    hub: str = ""
    """Path of a dataset on the hub, with its configuration as a third part: "owner/name/configuration"."""
    module: str = ""
    """A function "package.module:function" that returns the rows of each split, as dicts."""
    splits: dict[str, str] = field(default_factory=lambda: dict(SPLITS))
    """"train", "dev" (or several "dev_…") and "test" (or "test_…"), with their names on the hub."""
    header: tuple[str, ...] = ()
    """The columns of train and dev files that have no line of headings."""
    empty_texts: bool = False
    """The published data has empty texts: they are kept, not refused."""
    submission: dict[str, str] = field(default_factory=dict)
    """The benchmark's file name for the predictions of each test split."""
    submission_labels: str = "names"
    """Whether a submission has the "names" or the "ids" of the labels."""

    @property
    def evaluation_splits(self) -> list[str]:
        """The splits that there must be besides train: "dev", or all of "dev_…". Scored are all that have labels."""
        return [name for name in self.splits if name.startswith("dev")]

    @property
    def kind_type(self) -> Any:
        """The class of the task's kind."""
        return registry.find("task_kinds", self.kind)


def load_task(name: str) -> Task:
    """The task declared as `data/NAME.toml`, or in the file `name` if it ends in .toml.

    InputError, with all that is wrong, where there is no such declaration or it breaks a rule.
    """
    file = Path(name) if name.endswith(".toml") else declarations.folder("data") / f"{name}.toml"
    if not file.is_file():
        remedy = "check its path" if name.endswith(".toml") else did_you_mean(name, task_names())
        raise InputError(f"no task {name!r}: {remedy}")
    try:
        declared = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: not valid TOML: {error}") from None
    if not isinstance(declared.get("task"), dict):
        raise InputError(f"{file}: no [task] table, so this is not the declaration of a task")
    problems = [f"{file}: {problem}" for problem in _problems(declared["task"])]
    problems += [f"{file}: unknown table {key!r}: [task] is all there is" for key in declared if key != "task"]
    if problems:
        raise InputError(*problems)
    return Task(name=file.stem, **{key: _value(key, value) for key, value in declared["task"].items()})


def task_names() -> list[str]:
    """The names of the shipped tasks."""
    shipped = declarations.names("data")
    return [n for n in shipped if "[task]" in (declarations.folder("data") / f"{n}.toml").read_text("utf-8")]


def own_task(name: str) -> Task:
    """A task that is not declared anywhere; its columns are for `with_flags` to name."""
    return Task(name=name, columns=(), label=(), metrics=("accuracy",))


def with_flags(
    task: Task,
    text: str | None,
    pair: str | None,
    label: str | None,
    metrics: tuple[str, ...],
    kind: str | None = None,
) -> Task:
    """The task with the columns, metrics and kind that the user named in place of the declared ones."""
    if kind is not None and kind != task.kind:
        if task.columns:
            raise InputError(f"--kind {kind}: {task.name} is declared as {task.kind}")
        task = replace(task, kind=kind, metrics=registry.find("task_kinds", kind).metrics[:1])
    if not task.columns and (text is None or label is None):
        raise InputError(
            f"no task {task.name!r} is declared ({did_you_mean(task.name, task_names())}); "
            "a task of your own needs --text-column and --label-column"
        )
    if metrics:
        kinds = [kind for kind, known in kind_metrics().items() if set(metrics) <= set(known)]
        if not kinds:
            raise InputError(f"--metric {' '.join(metrics)}: {_metric_rule()}")
        if (task.columns or kind is not None) and task.kind not in kinds:
            raise InputError(
                f"--metric {' '.join(metrics)}: for {kinds[0]}, and {task.name} is declared as {task.kind}"
            )
        found = task.kind if task.kind in kinds else kinds[0]
        task = replace(task, metrics=metrics, kind=found, labels=task.labels if found == task.kind else ())
    columns = list(task.columns) or [()]
    if text is not None:
        columns[0] = (text,)
    if pair is not None:
        columns[1:] = [(pair,)]
    return replace(task, columns=tuple(columns), label=task.label if label is None else (label,))


def kind_metrics() -> dict[str, tuple[str, ...]]:
    """The metrics of each kind of task."""
    return {name: registry.find("task_kinds", name).metrics for name in registry.names("task_kinds")}


_NAMES = {"columns", "label"}  # a name, or a list of the names that a column goes by
_LISTS = {"columns", "labels", "metrics", "header"}
_MAPS = {"splits", "submission"}


def _problems(declared: dict[str, Any]) -> list[str]:
    """What is wrong with the keys and values of a `[task]` table."""
    known = [key for key in Task.__dataclass_fields__ if key != "name"]
    problems = [f"unknown key {key!r}: {did_you_mean(key, known)}" for key in declared if key not in known]
    problems += [f"{key!r} is missing" for key in ("columns", "label", "metrics") if key not in declared]
    for key, value in declared.items():
        wanted = None
        if key == "empty_texts":
            wanted = None if isinstance(value, bool) else "true or false"
        elif key in _MAPS:
            wanted = None if _is_map(value) else "a table of strings"
        elif key in _LISTS:
            wanted = None if isinstance(value, list) and all(map(_is_names, value)) else "a list of strings"
        elif key in _NAMES:
            wanted = None if _is_names(value) else "a string, or a list of them"
        elif key in known:
            wanted = None if isinstance(value, str) else "a string"
        if wanted:
            problems.append(f"{key!r} is {value!r}, it should be {wanted}")
    if problems:
        return problems

    kind = declared.get("kind", "classification")
    known_metrics = kind_metrics()
    if kind not in known_metrics:
        problems.append(f"'kind' is {kind!r}, it should be one of {', '.join(known_metrics)}")
    elif not declared["metrics"] or not set(declared["metrics"]) <= set(known_metrics[kind]):
        problems.append(f"'metrics' is {declared['metrics']}: {_metric_rule()}")
    if kind in known_metrics and registry.find("task_kinds", kind).labels_words and len(declared["columns"]) != 1:
        problems.append("'columns' has one column, the words, where each word has a label")
    if len(declared["columns"]) not in (1, 2):
        problems.append("'columns' has one column for single texts, two for pairs")
    labels = declared.get("labels", [])
    if len(labels) == 1 or len(set(labels)) < len(labels):
        problems.append(f"'labels' is {labels}: at least two names, all different")
    splits = declared.get("splits", SPLITS)
    wrong = [s for s in splits if s not in SPLITS and not s.startswith(("dev_", "test_"))]
    if wrong or "train" not in splits or not any(s.startswith("dev") for s in splits):
        problems.append(f"'splits' has {', '.join(splits)}: it needs train and dev (or several dev_…), maybe test")
    if declared.get("submission_labels", "names") not in ("names", "ids"):
        problems.append('\'submission_labels\' is "names" or "ids"')
    problems += [
        f"'submission' names {s!r}, which is no split" for s in declared.get("submission", {}) if s not in splits
    ]
    return problems


def _is_names(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(v, str) for v in value))


def _is_map(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())


def _value(key: str, value: Any) -> Any:
    """A value as its field has it: tuples for lists, and a tuple of names for a column."""
    if key == "columns":
        return tuple((v,) if isinstance(v, str) else tuple(v) for v in value)
    if key == "label":
        return (value,) if isinstance(value, str) else tuple(value)
    return tuple(value) if isinstance(value, list) else value


def _metric_rule() -> str:
    return "; ".join(f"{kind} has {', '.join(known)}" for kind, known in kind_metrics().items())
