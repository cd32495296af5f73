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
from nlp_ssl.corpus.table import Table
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
    labels: npt.NDArray[np.int64] | npt.NDArray[np.float64] | None
    """Labels [n, ...] in the format of the kind of task; None for a test split without labels."""
    words: list[list[str]] | None = None
    """In token tasks, the words of each text. The text is the words joined by spaces."""

    @property
    def word_counts(self) -> list[int]:
        """The number of words of each text, in token tasks."""
        assert self.words is not None
        return [len(words) for words in self.words]

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: npt.NDArray[np.int64]) -> LabelledExamples:
        """Select the examples with the indices `rows`, in this order."""
        pairs = None if self.pairs is None else [self.pairs[i] for i in rows]
        return LabelledExamples(
            [self.texts[i] for i in rows],
            pairs,
            None if self.labels is None else self.labels[rows],
            None if self.words is None else [self.words[i] for i in rows],
        )

    def fingerprint(self) -> str:
        """A hash of all texts and labels, in order."""
        digest = blake2b(digest_size=8)
        for texts in (self.texts, self.pairs or []):
            digest.update("\0".join(texts).encode("utf-8", "surrogatepass"))
        digest.update(b"" if self.labels is None else self.labels.tobytes())
        return digest.hexdigest()


def load_splits(task: Task, data: Sequence[Path]) -> tuple[tuple[str, ...], dict[str, LabelledExamples]]:
    """Load a task. Returns the label names (empty for regression) and the examples of each available split.

    The source is `data` if given (a folder, or files in the order of `task.splits`), else the task's module, else the
    hub. Raises InputError with all problems of the data.
    """
    tables = sources.tables(task, data)
    one_file = sources.is_one_file(task, data)
    checks = {split: _Check(task, split, table) for split, table in tables.items()}
    problems = [problem for check in checks.values() for problem in check.problems]
    if not problems:
        columns = {split: check.labels for split, check in checks.items() if check.labels is not None}
        names = task.kind_type.find_labels(task.labels, columns)
        splits = {split: check.examples(names) for split, check in checks.items()}
        problems = [problem for check in checks.values() for problem in check.problems]
    if problems:
        raise shortened(problems)
    where = tables["train"].where
    task.kind_type.check_labels(names, where)
    if one_file:
        splits = _divided(splits["train"], where)
    _check_sizes(task, names, splits)
    return names, splits


def _check_sizes(task: Task, names: tuple[str, ...], splits: dict[str, LabelledExamples]) -> None:
    """Raise InputError if a split is too small to be scored, or if train has only one label."""
    small = [s for s, examples in splits.items() if s != "train" and examples.labels is not None and len(examples) < 2]
    if small:
        sizes = ", ".join(f"{split} has {len(splits[split])}" for split in small)
        raise InputError(f"{task.name}: {sizes} labelled examples; at least 2 are required")
    labels = splits["train"].labels
    if len(splits["train"]) == 0 or labels is None:
        raise InputError(f"{task.name}: train has no labelled examples")
    if (only := task.kind_type(names).only_label(labels)) is not None:
        raise InputError(f"{task.name}: all examples of train have the label {cut(repr(only))}; use data with several")


def shortened(problems: Sequence[str]) -> InputError:
    """An InputError with the first `PROBLEMS_SHOWN` problems and the number of the others."""
    hidden = len(problems) - PROBLEMS_SHOWN
    return InputError(*problems[:PROBLEMS_SHOWN], *([f"… and {hidden:,} more problems"] if hidden > 0 else []))


# --- tables ---


class _Check:
    """Finds the columns of a table and checks its values. Error messages are added to `problems`."""

    def __init__(self, task: Task, split: str, table: Table) -> None:
        self.task, self.table, self.problems = task, table, list(table.problems)
        if 0 < len(self.problems) <= task.broken_rows:
            say(f"{table.where}: left out {len(self.problems)} broken rows, as the task's declaration allows")
            self.problems = []
        self.optional = split.startswith("test")
        self._head()
        self.texts = [self._column(names) for names in task.columns]
        self.values = self._column(task.label)
        if self.optional and self.values and all(str(value) in UNLABELLED for value in self.values):
            self.values = None
        self._unswap()
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
                    advice = "; a list of words needs --kind token_classification" if found == "a list" else ""
                    self.problems.append(f"{self.table.at(row)}: the text is {found}; it must be a string{advice}")

    def _head(self) -> None:
        """If the task's files have no header, turn the first row of the file from a header into an example."""
        found = [any(n in self.table.columns for n in names) for names in self.task.columns]
        if all(found) or len(self.task.header) != len(self.table.columns):
            return
        lines = None if self.table.first_lines is None else [1, *self.table.first_lines]
        columns = zip(self.task.header, self.table.columns.items(), strict=True)
        self.table = Table(
            self.table.where, {name: [first, *rest] for name, (first, rest) in columns}, lines, self.problems
        )

    def _column(self, names: tuple[str, ...]) -> list[Any] | None:
        for name in names:
            if name in self.table.columns:
                self.problems += self.table.lacking(name)
                return self.table.columns[name]
        if self.table.columns and not (self.optional and names == self.task.label):
            found = listing(self.table.columns, "")
            wanted = " or ".join(map(repr, names))
            self.problems.append(
                f"{self.table.where}: no column {wanted}; found {found}; "
                f"{self._separator() or 'set --text-column, --pair-column or --label-column'}"
            )
        return None

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
        labels = None
        if self.labels is not None:
            labels = self.task.kind_type(names).parse(self.labels, bool(self.task.labels))
        return LabelledExamples(texts[0], texts[1] if len(texts) == 2 else None, labels, words)

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
            if not words or not all(words):
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
        elif empty:
            self.problems += [f"{self.table.at(row)}: the text is empty; remove the row" for row in empty]
        return texts


# --- subsets of train ---


DEV_SHARE = 5
"""One text in so many of a single file is for dev."""


def _divided(examples: LabelledExamples, where: str) -> dict[str, LabelledExamples]:
    """Divide the examples of one file by the hash of their (first) texts. Equal texts are in the same split."""
    texts = [" ".join(normalize("NFC", text).split()) for text in examples.texts]
    hashes = [blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest() for text in texts]
    is_dev = np.array([int.from_bytes(digest) % DEV_SHARE == 0 for digest in hashes])
    found = {"train": examples.take(np.flatnonzero(~is_dev)), "dev": examples.take(np.flatnonzero(is_dev))}
    sizes = " and ".join(f"{len(part):,} of {split}" for split, part in found.items())
    say(f"{where}: one file, divided by the hash of the text into {sizes}")
    return found


def nested_order(n: int, strata: npt.NDArray[Any] | None = None) -> npt.NDArray[np.int64]:
    """A fixed random order int64 [n] of n examples, in which every prefix and suffix is stratified by `strata` [n].

    The first 100 examples are thus a subset of the first 1,000, and the last ones can be set aside. The order depends
    on the strata alone, so every model, seed and baseline uses the same examples.
    """
    shuffled = np.random.default_rng(0).permutation(n)
    if strata is None:
        return shuffled
    rank = np.empty(n)  # between 0 and 1, evenly spaced within each stratum
    for stratum in np.unique(strata):
        rows = shuffled[strata[shuffled] == stratum]
        rank[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
    return shuffled[np.argsort(rank[shuffled], kind="stable")]


def selection_size(n: int, most: int = 2000) -> int:
    """The size of the selection part of n training examples: a tenth, or 200 if more, at most a fifth and `most`."""
    return min(max(n // 10, min(200, n // 5)), most)
