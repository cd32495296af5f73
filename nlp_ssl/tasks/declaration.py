"""Declarations of labelled tasks.

A task is the `[task]` table of a TOML file in `data/`, or of a user's own file:

    [task]
    title = "Sentiment of phrases from film reviews, two classes"
    paper = "Socher et al. 2013"
    knowledge = "words"                 # what the task mostly asks for: words, order, syntax or meaning
    columns = ["sentence"]              # the column of the text, or the two columns of a pair
    label = "label"                     # the column of the label, or of the number to predict or the text to write
    kind = "classification"             # or multilabel, regression, token_classification, generation
    labels = ["negative", "positive"]   # class names in the order of their ids; default: the labels in train, sorted
    metrics = ["accuracy"]              # the first one selects hyper-parameters
    hub = "nyu-mll/glue/sst2"           # the dataset to load if no files are given
    [task.splits]                       # the names of the splits on the hub
    train = "train"
    dev = "validation"
    test = "test"
    [task.submission]                   # the benchmark's file name for the predictions of a test split
    test = "SST-2.tsv"

With the metrics f1, precision and recall, `positive = "NAME"` declares the label that they are about; the default is
the rarer label of train.
A column may be a list of alternative names. Scores are reported on `dev`. A task with several such splits names them
`dev_…`, and each metric is reported on each of them. A test split with labels is scored as well; for one without labels
the predictions are written to a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from nlp_ssl import declarations, registry
from nlp_ssl.errors import InputError, cut, did_you_mean, listing
from nlp_ssl.toml_tables import ONE_OR_MORE, from_table, read_toml

ColumnNames = Annotated[tuple[str, ...], ONE_OR_MORE]
"""The names that a column may have: different copies of a dataset name their columns differently."""

DEFAULT_SPLITS = MappingProxyType({"train": "train", "dev": "validation", "test": "test"})
"""The splits of a task that declares none, with their names on the hub."""

OF_POSITIVE = ("f1", "precision", "recall")
"""Metrics of one label, the positive class."""

_SPLIT_NAME = re.compile("train|(dev|test)(_[A-Za-z0-9_-]+)?")


@dataclass(frozen=True, kw_only=True)
class Task:
    """A labelled task. The fields are the keys of the declaration."""

    name: str
    """The stem of the declaration's file name."""
    title: str = ""
    paper: str = ""
    knowledge: Literal["words", "order", "syntax", "meaning", "other"] = "other"
    """What the task mostly asks for; reports summarise scores by it."""
    kind: str = "classification"
    """The kind of task: a name in the registry's group "task_kinds"."""
    columns: tuple[ColumnNames, ...]
    """The columns of the texts: one for single texts, two for pairs."""
    label: ColumnNames
    """The column of the labels, or of the numbers to predict or the texts to write."""
    labels: tuple[str, ...] = ()
    """The class names in the order of their ids. If empty, the sorted labels of the train split."""
    metrics: tuple[str, ...]
    """The metrics to report. The first one selects hyper-parameters."""
    positive: str = ""
    """The label that f1, precision and recall are about. If empty, the rarer one of the train split."""
    hub: str = ""
    """The dataset's path on the Hugging Face hub, "owner/name" or "owner/name/configuration"."""
    module: str = ""
    """A function "package.module:function" that returns the rows of each split as dicts."""
    folder: str = ""
    """The name of its folder in the data folder of a comparison. If empty, the task's name."""
    splits: dict[str, str] = field(default_factory=lambda: dict(DEFAULT_SPLITS))
    """The splits with their names on the hub: "train", "dev" (or several "dev_…"), and "test" (or "test_…")."""
    header: tuple[str, ...] = ()
    """The column names of train and dev files without a header line."""
    empty_texts: bool = False
    """Whether empty texts are kept because the published data has them. Otherwise they are refused."""
    broken_rows: float = 0.0
    """The largest share of unreadable rows that is left out of a split, because the published data has some."""
    submission: dict[str, str] = field(default_factory=dict)
    """The benchmark's file name for the predictions of each test split."""
    submission_labels: Literal["names", "ids"] = "names"
    """Whether a submission has label names or label ids."""

    @property
    def evaluation_splits(self) -> list[str]:
        """The splits that are required besides train: "dev", or all "dev_…"."""
        return [name for name in self.splits if name.startswith("dev")]

    @property
    def needs_positive(self) -> bool:
        """Whether a metric depends on the positive class."""
        return any(metric in OF_POSITIVE for metric in self.metrics)

    @property
    def kind_type(self) -> Any:
        """The class of the task's kind."""
        return registry.find("task_kinds", self.kind)

    @property
    def dev_extends(self) -> bool:
        """Whether unused training examples can be scored together with those of dev."""
        return True

    @property
    def cluster(self) -> str:
        """The column with the cluster of each example; empty if all examples are independent."""
        return ""

    @property
    def baselines(self) -> tuple[str, ...]:
        """The baselines on texts, by name in the registry: those of the kind of task."""
        names: tuple[str, ...] = self.kind_type.baselines
        return names


@dataclass(frozen=True, kw_only=True)
class CorpusTaskDeclaration(Task):
    """The declaration of a task that is made from a corpus (`nlp_ssl.tasks.from_corpus`)."""

    examples: int
    """Maximum number of scored examples."""

    @property
    def dev_extends(self) -> bool:
        """No: dev is as large as was asked for."""
        return False

    @property
    def cluster(self) -> str:
        """The two sides of a contrast have the same words, so a model that is right about one is often wrong about the
        other."""
        return "contrast"

    @property
    def baselines(self) -> tuple[str, ...]:
        """What can be solved without a model of word order: by lengths, words, and pairs of neighbouring words."""
        overlap = ("tfidf",) if len(self.columns) == 2 else ()  # its features compare the texts of a pair
        return ("majority", "lengths", "unigrams", "bigrams", *overlap)


def load_task(name: str) -> Task:
    """The task declared in `data/NAME.toml`, or in the file `name` if it ends in .toml.

    InputError if the file does not exist; InputError with every problem if the declaration is not valid.
    """
    file = Path(name) if name.endswith(".toml") else declarations.folder("data") / f"{name}.toml"
    if not file.is_file():
        remedy = "check its path" if name.endswith(".toml") else did_you_mean(name, known_names())
        raise InputError(f"no task {name!r}: {remedy}")
    declared = read_toml(file)
    if not isinstance(declared.get("task"), dict):
        raise InputError(f"{file}: it has no [task] table, so it does not declare a task")
    problems = [f"unknown table {key!r}: only [task] is allowed" for key in declared if key != "task"]
    task = from_table(Task, declared["task"], problems, "task.", name=file.stem)
    problems += _broken_rules(task) if task is not None else []
    if task is None or problems:
        raise InputError(*[f"{file}: {problem}" for problem in problems])
    return task


def task_names() -> list[str]:
    """The names of the shipped tasks."""
    shipped = declarations.names("data")
    return [n for n in shipped if "[task]" in (declarations.folder("data") / f"{n}.toml").read_text("utf-8")]


def known_names() -> list[str]:
    """The names of the shipped tasks, and of tasks that are made from a corpus."""
    return [*task_names(), *registry.names("corpus_tasks")]


def own_task(name: str) -> Task:
    """A task without a declaration. `with_flags` sets its columns. InputError if the name could be a path."""
    if not is_file_name(name):
        raise InputError(f"--task {cut(name)}: a name has no '/', '\\' or ':'; the path of a declaration ends in .toml")
    return Task(name=name, columns=(), label=(), metrics=("accuracy",))


def with_flags(
    task: Task,
    text: str | None,
    pair: str | None,
    label: str | None,
    metrics: tuple[str, ...],
    kind: str | None = None,
    positive: str | None = None,
) -> Task:
    """The task with columns, metrics, kind and positive class from flags in place of the declared ones.

    InputError if the columns of an undeclared task are missing, or if the metrics do not suit the kind.
    """
    if kind is not None and kind != task.kind:
        if task.columns:
            raise InputError(f"--kind {kind}: {task.name} is declared as {task.kind}")
        task = replace(task, kind=kind, metrics=registry.find("task_kinds", kind).metrics[:1])
    if not task.columns and (text is None or label is None):
        raise InputError(
            f"no task {task.name!r} is declared ({did_you_mean(task.name, known_names())}); "
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
    if positive is not None:
        if not task.needs_positive:
            raise InputError(f"--positive {positive}: only f1, precision and recall have a positive class")
        task = replace(task, positive=positive)
    return replace(task, columns=tuple(columns), label=task.label if label is None else (label,))


def kind_metrics() -> dict[str, tuple[str, ...]]:
    """The metrics of each kind of task."""
    return {name: registry.find("task_kinds", name).metrics for name in registry.names("task_kinds")}


def _broken_rules(task: Task) -> Iterator[str]:
    """What is wrong with a declared task whose values have the right types."""
    metrics_of = kind_metrics()
    if task.kind not in metrics_of:
        yield f"task.kind is {task.kind!r}: it must be one of {', '.join(metrics_of)}"
    elif not task.metrics or not set(task.metrics) <= set(metrics_of[task.kind]):
        yield f"task.metrics is {list(task.metrics)}: {_metric_rule()}"
    if task.kind in metrics_of and task.kind_type.labels_words and len(task.columns) != 1:
        yield f"task.columns has {len(task.columns)} columns: a task with a label for each word needs exactly one"
    elif len(task.columns) not in (1, 2):
        yield f"task.columns has {len(task.columns)} columns: it must have one for single texts, two for pairs"
    if len(task.labels) == 1 or len(set(task.labels)) < len(task.labels):
        yield f"task.labels is {list(task.labels)}: it must have at least two names, all different"
    if task.positive and not task.needs_positive:
        yield f"task.positive is {task.positive!r}: only f1, precision and recall have a positive class"
    elif task.positive and task.labels and task.positive not in task.labels:
        yield f"task.positive is {task.positive!r}: it must be one of task.labels"
    if not 0 <= task.broken_rows < 1:
        yield f"task.broken_rows is {task.broken_rows}: it must be a share of at least 0 and below 1"
    yield from _broken_names(task)


def _broken_names(task: Task) -> Iterator[str]:
    """What is wrong with the names of splits and submission files."""
    unknown = [s for s in task.splits if not _SPLIT_NAME.fullmatch(s)]
    if unknown or "train" not in task.splits or not task.evaluation_splits:
        yield f"task.splits has {listing(task.splits, '')}: it must have train and dev (or dev_…), optionally test"
    if task.folder and not is_file_name(task.folder):
        yield f"task.folder is {cut(repr(task.folder))}: it must be a name, not a path"
    for split, name in task.splits.items():
        if not is_file_name(name):
            yield f"task.splits.{cut(split)} is {cut(repr(name))}: it must be a name, not a path"
    for split, name in task.submission.items():
        if not is_file_name(name):
            yield f"task.submission.{cut(split)} is {cut(repr(name))}: it must be a file name, not a path"
        if split not in task.splits:
            yield f"task.submission.{cut(split)}: the task has no such split"


def is_file_name(name: str) -> bool:
    """Whether a name can be that of a file in a folder, and never leads out of it."""
    return name.strip(". ") != "" and name.isprintable() and not set(name) & set("/\\:")


def _metric_rule() -> str:
    return "; ".join(f"{kind} has {', '.join(known)}" for kind, known in kind_metrics().items())
