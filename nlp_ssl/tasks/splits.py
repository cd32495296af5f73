"""Load and check the examples of a task, from files, a function or the hub.

Files may have any format of `nlp_ssl.corpus.table`. In a folder, the file of a split has the split's name, either the
project's ("dev") or the hub's ("validation"). Files that are listed individually are assigned to splits in the order
of the declaration: train, dev, test.

All problems of the data are found before training and reported together, with file and line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np
import numpy.typing as npt

from nlp_ssl.console import say
from nlp_ssl.corpus.table import DataTable
from nlp_ssl.errors import InputError, cut, listing
from nlp_ssl.tasks import sources
from nlp_ssl.tasks.declaration import Task
from nlp_ssl.tasks.kinds.base import Column
from nlp_ssl.tasks.values import container, label_name

PROBLEMS_SHOWN = 3
UNLABELLED = ("-1", "-1.0")
"""Labels on the hub that mark a test split with hidden labels."""


@dataclass(frozen=True)
class LabelledExamples:
    """The examples of one split."""

    texts: list[str]
    pairs: list[str] | None
    """The second texts; None if the task has single texts."""
    labels: npt.NDArray[np.int64] | npt.NDArray[np.float64] | npt.NDArray[np.object_] | None
    """Labels [n, ...] in the format of the kind of task; None for a test split without labels."""
    words: list[list[str]] | None = None
    """In token tasks, the words of each text. The text is the words joined by spaces."""
    clusters: npt.NDArray[np.int64] | None = None
    """The cluster of each example [n], if examples of one cluster are not independent, such as those of a contrast."""

    @property
    def word_counts(self) -> list[int]:
        """The number of words of each text, in token tasks."""
        assert self.words is not None
        return [len(words) for words in self.words]

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: npt.NDArray[np.int64]) -> LabelledExamples:
        """Select the examples with the indices `rows`, in this order."""
        return LabelledExamples(
            [self.texts[i] for i in rows],
            None if self.pairs is None else [self.pairs[i] for i in rows],
            None if self.labels is None else self.labels[rows],
            None if self.words is None else [self.words[i] for i in rows],
            None if self.clusters is None else self.clusters[rows],
        )

    @property
    def targets(self) -> list[str] | None:
        """The labels if they are texts, which a model learns to write; else None."""
        return self.labels.tolist() if self.labels is not None and self.labels.dtype == object else None

    @property
    def independent(self) -> int:
        """The number of clusters, or of examples where each is its own."""
        return len(self) if self.clusters is None else len(np.unique(self.clusters))

    def fingerprint(self) -> str:
        """A hash of all texts and labels, in order."""
        digest = blake2b(digest_size=8)
        for texts in (self.texts, self.pairs or [], self.targets or []):
            digest.update("\0".join(texts).encode("utf-8", "surrogatepass"))
        digest.update(b"" if self.labels is None or self.targets else self.labels.tobytes())
        return digest.hexdigest()


def joined(parts: Sequence[LabelledExamples]) -> LabelledExamples:
    """The labelled examples of several splits of one task, in this order."""
    labels: list[Any] = [part.labels for part in parts]
    if labels[0].ndim == 2:  # tags are padded to the longest sentence
        longest = max(each.shape[1] for each in labels)
        labels = [np.pad(each, ((0, 0), (0, longest - each.shape[1])), constant_values=-1) for each in labels]
    return LabelledExamples(
        [text for part in parts for text in part.texts],
        None if parts[0].pairs is None else [pair for part in parts for pair in part.pairs or []],
        np.concatenate(labels),
        None if parts[0].words is None else [words for part in parts for words in part.words or []],
        None if parts[0].clusters is None else np.concatenate([part.clusters for part in parts]),
    )


def load_splits(
    task: Task, data: Sequence[Path], folds: bool = False
) -> tuple[tuple[str, ...], dict[str, LabelledExamples]]:
    """Load a task. Returns the label names (empty for regression) and the examples of each available split.

    The source is `data` if given (a folder, or files in the order of `task.splits`), else the task's module, else the
    hub. A single file is divided into train and dev, or with `folds` all of it is "train". Raises InputError with all
    problems of the data.
    """
    tables = sources.tables(task, data)
    one_file = sources.is_one_file(task, data)
    if folds and not one_file:
        raise InputError(f"--folds: {task.name} has a dev split; folds are for a single labelled file, given by --data")
    checks = {split: CheckedTable(task, split, table) for split, table in tables.items()}
    lacking = {check.lack: check.table.where for check in reversed(checks.values()) if check.lack}  # once for all files
    problems = [f"{where}: {lack}" for lack, where in reversed(lacking.items())]
    problems += [problem for check in checks.values() for problem in check.problems]
    if not problems:
        columns = {split: check.labels for split, check in checks.items() if check.labels is not None}
        if "train" not in columns:  # a file without any row
            raise InputError(f"{tables['train'].where}: no examples in it")
        names = task.kind_type.find_labels(task.labels, columns)
        splits = {split: check.examples(names) for split, check in checks.items()}
        problems = [problem for check in checks.values() for problem in check.problems]
    if problems:
        raise shortened(problems)
    task.kind_type.check_labels(names, tables["train"].where)
    if one_file and not folds:
        splits = _divided(splits["train"], tables["train"].where)
    _check_sizes(task, names, splits)
    return names, splits


def _check_sizes(task: Task, names: tuple[str, ...], splits: dict[str, LabelledExamples]) -> None:
    """Raise InputError if a split is too small to be scored, or if train has only one label."""
    scored = {split: e.independent for split, e in splits.items() if split != "train" and e.labels is not None}
    if min(scored.values(), default=2) < 2:
        sizes = ", ".join(f"{split} has {n}" for split, n in scored.items() if n < 2)
        unit = "independent" if splits["train"].clusters is not None else "labelled"
        raise InputError(f"{task.name}: {sizes} {unit} examples; at least 2 are required")
    labels = splits["train"].labels
    if len(splits["train"]) == 0 or labels is None:
        raise InputError(f"{task.name}: train has no labelled examples")
    if (only := task.kind_type(names).only_label(labels)) is not None:
        raise InputError(f"{task.name}: all examples of train have the label {cut(repr(only))}; use data with several")


def shortened(problems: Sequence[str]) -> InputError:
    """An InputError with the first `PROBLEMS_SHOWN` problems and the number of the others."""
    hidden = len(problems) - PROBLEMS_SHOWN
    rest = [f"… and {hidden:,} more problem{'s' * (hidden > 1)}"] if hidden > 0 else []
    return InputError(*problems[:PROBLEMS_SHOWN], *rest)


class CheckedTable:
    """Finds the columns of a table and checks its values. Error messages are added to `problems`.

    If it is not `labelled`, its labels are to be predicted: they are not read, and empty texts are kept.
    """

    def __init__(self, task: Task, split: str, table: DataTable, labelled: bool = True) -> None:
        self.task, self.table, self.problems, self.labelled = task, table, list(table.problems), labelled
        broken, rows = len(self.problems), max(map(len, table.columns.values()), default=0)
        if 0 < broken <= task.broken_rows * (broken + rows):
            say(f"{table.where}: left out {broken:,} of {broken + rows:,} rows as broken, as the declaration allows")
            self.problems = []
        self.optional = split.startswith("test")
        self._head()
        self.lack = self._lack()
        self.texts = [self._column(names) for names in task.columns]
        self.values = self._column(task.label, needed=labelled)
        if self.optional and self.values and all(str(value) in UNLABELLED for value in self.values):
            self.values = None
        self._unswap()
        self.values = self.values if labelled else None
        self._types()

    def _types(self) -> None:
        """Report containers where single values belong, and booleans beside other labels."""
        kind = self.task.kind_type
        for row, value in enumerate(self.values or []):
            if (wrong := kind.wrong_value(value)) is not None:
                self.problems.append(f"{self.table.at(row)}: {wrong}")
        booleans = [isinstance(value, bool) for value in self.values or [] if value is not None]
        if any(booleans) and not all(booleans):
            self.problems.append(f"{self.table.where}: some labels are true or false and others are not; use one type")
        for column in self.texts if not kind.labels_words else []:
            for row, value in enumerate(column or []):
                if (found := container(value)) is not None:
                    words = found == "a list" and self.labelled
                    advice = "; a list of words needs --kind token_classification" if words else ""
                    self.problems.append(f"{self.table.at(row)}: the text is {found}; it must be a string{advice}")

    def _head(self) -> None:
        """If the task's files have no header, turn the first row of the file from a header into an example."""
        found = all(any(n in self.table.columns for n in names) for names in self.task.columns)
        if found or len(self.task.header) != len(self.table.columns):
            return
        lines = None if self.table.first_lines is None else [1, *self.table.first_lines]
        columns = zip(self.task.header, self.table.columns.items(), strict=True)
        self.table = DataTable(
            self.table.where, {name: [first, *rest] for name, (first, rest) in columns}, lines, self.problems
        )

    def _lack(self) -> str:
        """The columns that the table lacks, and what to do about it; "" where it has all."""
        needed = [*self.task.columns, *([] if self.optional else [self.task.label])]
        wanted = [" or ".join(map(repr, names)) for names in needed if not set(names) & set(self.table.columns)]
        if not wanted or not self.table.columns:
            return ""
        flags = "--text-column, --pair-column or --label-column" if self.labelled else "--text-column or --pair-column"
        remedy = self._separator() or f"set {flags}"
        return f"no column {' and '.join(wanted)}; found {listing(self.table.columns, '')}; {remedy}"

    def _column(self, names: tuple[str, ...], needed: bool = True) -> list[Any] | None:
        name = next((name for name in names if name in self.table.columns), None)
        if name is None:
            return None
        self.problems += self.table.lacking(name) if needed else []
        return self.table.columns[name]

    def _separator(self) -> str | None:
        """What to do if the file has one column, because it has another separator."""
        header = next(iter(self.table.columns))
        separator = next((c for c in (";", "\t", "|", ",") if c in header), None)
        if len(self.table.columns) > 1 or separator is None:
            return None
        return f"its values seem to be separated by {separator!r}; save it with commas as .csv, or with tabs as .tsv"

    def _unswap(self) -> None:
        """Swap the text and label columns if only the text column contains nothing but known labels."""
        known = {*map(label_name, self.task.labels), *map(str, range(len(self.task.labels)))}
        if len(self.texts) != 1 or not known or not self.texts[0] or not self.values:
            return
        text, label = self.texts[0], self.values
        if all(label_name(v) in known for v in text) and not all(label_name(v) in known for v in label):
            say(f"{self.table.where}: the columns of text and label are swapped; reading each as the other")
            self.texts, self.values = [label], text

    def examples(self, names: tuple[str, ...]) -> LabelledExamples:
        """The examples, with labels parsed to ids of `names` or numbers. Adds to `problems`."""
        words = None
        if self.task.kind_type.labels_words:
            words = self._words(self.texts[0] or [])
            texts = [[" ".join(sentence) for sentence in words]]
        else:
            texts = [self._texts(column or []) for column in self.texts]
        labels = None if self.labels is None else self.task.kind_type(names).parse(self.labels, bool(self.task.labels))
        clusters = np.array(self.table.columns[self.task.cluster]) if self.task.cluster else None
        return LabelledExamples(texts[0], texts[1] if len(texts) == 2 else None, labels, words, clusters)

    @cached_property
    def labels(self) -> Column | None:
        """The raw labels, or None."""
        return None if self.values is None else Column(self.values, self.table.at, self.problems)

    def _words(self, column: list[Any]) -> list[list[str]]:
        sentences = []
        for row, value in enumerate(column):
            words = [str(word).strip() for word in value] if isinstance(value, list) else []
            if isinstance(value, list) and any(word is None or container(word) for word in value):
                self.problems.append(f"{self.table.at(row)}: a word is no string")
            tags = None if self.values is None else self.values[row]
            if (words or value or self.labelled) and not (words and all(words)):
                problem = "has no words" if isinstance(value, list) else "is not a list of words"
                self.problems.append(f"{self.table.at(row)}: the text {problem if not words else 'has an empty word'}")
            elif isinstance(tags, list) and len(tags) != len(words):
                self.problems.append(f"{self.table.at(row)}: {len(words)} words but {len(tags)} tags")
            sentences.append(words)
        return sentences

    def _texts(self, column: list[Any]) -> list[str]:
        texts = ["" if value is None or value != value else str(value).strip() for value in column]
        empty = [row for row, text in enumerate(texts) if not text]
        if empty and self.task.empty_texts:
            say(f"{self.table.where}: kept {len(empty)} empty texts, as the task's declaration allows")
        elif self.labelled:
            self.problems += [f"{self.table.at(row)}: the text is empty; remove the row" for row in empty]
        return texts


DEV_SHARE = 5
"""One text in so many of a single file is for dev."""


def fold_of(examples: LabelledExamples, folds: int) -> npt.NDArray[np.int64]:
    """The fold of each example, 0 to `folds` - 1, int64 [n], by the hash of its (first) text: equal texts share one."""
    texts = [" ".join(normalize("NFC", text).split()).encode("utf-8", "surrogatepass") for text in examples.texts]
    return np.array([int.from_bytes(blake2b(text, digest_size=8).digest()) % folds for text in texts])


def _divided(examples: LabelledExamples, where: str) -> dict[str, LabelledExamples]:
    """Divide the examples of one file into train and dev."""
    is_dev = fold_of(examples, DEV_SHARE) == 0
    found = {"train": examples.take(np.flatnonzero(~is_dev)), "dev": examples.take(np.flatnonzero(is_dev))}
    sizes = " and ".join(f"{len(part):,} of {split}" for split, part in found.items())
    say(f"{where}: one file, divided by the hash of the text into {sizes}")
    return found
