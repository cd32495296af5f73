"""The examples of a task: from files, from a function, or from the hub, and checked.

Files are those that `nlp_ssl.corpus.table` reads. In a folder a split is the file with the split's name, ours ("dev")
or the hub's ("validation"); files that are named one by one are the splits in the order of the declaration:
train, dev, test.

Everything wrong with the data is found before anything is trained, and reported together, with file and line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlp_ssl.console import say
from nlp_ssl.corpus.streams import COMPRESSIONS
from nlp_ssl.corpus.table import Table, read_table, table_formats
from nlp_ssl.errors import InputError
from nlp_ssl.tasks.declaration import Task

PROBLEMS_SHOWN = 10

UNLABELLED = ("-1", "-1.0")
"""What the hub has for labels in a test split whose labels are secret."""


@dataclass(frozen=True)
class LabelledExamples:
    """The examples of one split."""

    texts: list[str]
    pairs: list[str] | None
    """The second texts; None for a task of single texts."""
    labels: npt.NDArray[np.int64] | npt.NDArray[np.float64] | None
    """Ids of classes, or the numbers to predict; None in a test split without labels."""

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: npt.NDArray[np.int64]) -> LabelledExamples:
        """The examples at `rows` (indices), in that order."""
        pairs = None if self.pairs is None else [self.pairs[i] for i in rows]
        return LabelledExamples(
            [self.texts[i] for i in rows], pairs, None if self.labels is None else self.labels[rows]
        )

    def fingerprint(self) -> str:
        """A hash of all texts and labels, in their order."""
        digest = blake2b(digest_size=8)
        for texts in (self.texts, self.pairs or []):
            digest.update("\0".join(texts).encode("utf-8", "surrogatepass"))
        digest.update(b"" if self.labels is None else self.labels.tobytes())
        return digest.hexdigest()


def load_splits(task: Task, data: Sequence[Path]) -> tuple[tuple[str, ...], dict[str, LabelledExamples]]:
    """The names of the classes (empty for regression) and the examples of each split that there is.

    From `data` if any is given (a folder, or files in the order of `task.splits`), else from the task's
    module or from the hub. InputError, with all problems found, for data that cannot be used.
    """
    if data:
        tables = {split: read_table(file) for split, file in _files(task, data).items()}
    elif task.module:
        tables = _call(task)
    elif task.hub:
        tables = _download(task)
    else:
        raise InputError(f"task {task.name!r} is not on the hub: --data FOLDER-OR-FILES says where it is")

    checks = {split: _Check(task, split, table) for split, table in tables.items()}
    problems = [problem for check in checks.values() for problem in check.problems]
    if not problems:
        names = task.labels
        if task.kind == "classification" and not names:
            checks["train"].refuse_missing_labels()
            names = tuple(sorted({str(v).strip() for v in checks["train"].values or []}, key=_by_number))
        splits = {split: check.examples(names) for split, check in checks.items()}
        problems = [problem for check in checks.values() for problem in check.problems]
    if problems:
        hidden = len(problems) - PROBLEMS_SHOWN
        raise InputError(*problems[:PROBLEMS_SHOWN], *([f"and {hidden:,} more like these"] if hidden > 0 else []))
    if task.kind == "classification" and len(names) < 2:
        raise InputError(f"{tables['train'].where}: all labels are {', '.join(names)}: there is nothing to tell apart")
    return names, splits


# --- from a source to a table ---


def _files(task: Task, data: Sequence[Path]) -> dict[str, Path]:
    """The file of each split that there is; InputError if train or a dev split has none."""
    for path in data:
        if not path.exists():
            raise InputError(f"--data {path}: no such file or folder")
    if len(data) > 1 or data[0].is_file():
        if len(data) > len(task.splits):
            raise InputError(f"--data has {len(data)} files, the splits are {', '.join(task.splits)}")
        found = dict(zip(task.splits, data, strict=False))
    else:
        found = {}
        for split, hub_name in task.splits.items():
            stems = dict.fromkeys((split, hub_name))
            names = [s + form + packed for s in stems for form in table_formats() for packed in ("", *COMPRESSIONS)]
            files = [data[0] / name for name in names if (data[0] / name).is_file()]
            if len(files) > 1:
                both = ", ".join(file.name for file in files)
                raise InputError(f"{data[0]}: several files could be {split}: {both}; name the files after --data")
            if files:
                found[split] = files[0]
    missing = [split for split in ("train", *task.evaluation_splits) if split not in found]
    if missing:
        raise InputError(
            f"--data {' '.join(map(str, data))}: nothing for {', '.join(missing)}; give a folder with files such as "
            f"train.tsv and dev.tsv, or the files themselves in the order {', '.join(task.splits)}"
        )
    return found


def _call(task: Task) -> dict[str, Table]:
    """The rows that the task's function returns: `{"train": [{"text": …, "label": …}, …], "dev": […]}`."""
    name, _, function = task.module.partition(":")
    try:
        found: Callable[[], Mapping[str, Sequence[Mapping[str, Any]]]] = getattr(import_module(name), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(f"task {task.name!r}: cannot load module = {task.module!r}: {error}") from None
    splits = found()
    missing = [split for split in ("train", *task.evaluation_splits) if not splits.get(split)]
    if missing:
        raise InputError(f"task {task.name!r}: {task.module} returned nothing for {', '.join(missing)}")
    return {
        split: Table(f"{task.name}/{split}", {key: [row.get(key) for row in rows] for key in rows[0]}, None, [])
        for split, rows in splits.items()
        if split in task.splits
    }


def _download(task: Task) -> dict[str, Table]:
    """The splits from the hub (or from a local folder that `datasets` can load, in the hub's place)."""
    import datasets

    owner, _, rest = task.hub.partition("/")
    path, _, configuration = rest.partition("/")
    try:
        loaded = datasets.load_dataset(f"{owner}/{path}", configuration or None)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"task {task.name!r}: cannot load {task.hub!r} from the hub ({reason}); "
            "with the files at hand, name their folder by --data"
        ) from None
    missing = [task.splits[s] for s in ("train", *task.evaluation_splits) if task.splits[s] not in loaded]
    if missing:
        raise InputError(f"task {task.name!r}: {task.hub} has no split {', '.join(missing)} but {', '.join(loaded)}")
    return {
        split: Table(f"{task.hub}/{name}", loaded[name].to_dict(), None, [])
        for split, name in task.splits.items()
        if name in loaded
    }


# --- from a table to examples ---


class _Check:
    """Finds the columns of a table, and what is wrong with its values."""

    def __init__(self, task: Task, split: str, table: Table) -> None:
        self.task, self.table, self.problems = task, table, list(table.problems)
        self.optional = split.startswith("test")
        self._head()
        self.texts = [self._column(names) for names in task.columns]
        self.values = self._column(task.label)
        if self.optional and self.values and all(str(value) in UNLABELLED for value in self.values):
            self.values = None
        self._unswap()

    def _head(self) -> None:
        """Turn a heading that is an example into one, where the task's files have no headings."""
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
            there = ", ".join(self.table.columns)
            wanted = " or ".join(map(repr, names))
            self.problems.append(
                f"{self.table.where}: no column {wanted} (there are: {there}); "
                "--text-column, --pair-column and --label-column name others"
            )
        return None

    def _unswap(self) -> None:
        """Read text and label the other way round where the headings plainly are."""
        known = {*self.task.labels, *map(str, range(len(self.task.labels)))}
        if len(self.texts) != 1 or not known or not self.texts[0] or not self.values:
            return
        text, label = self.texts[0], self.values
        if all(str(v).strip() in known for v in text) and not all(str(v).strip() in known for v in label):
            say(f"{self.table.where}: the values of text and label stand under each other's heading: read swapped")
            self.texts, self.values = [label], text

    def examples(self, names: tuple[str, ...]) -> LabelledExamples:
        """The examples, with labels as ids of `names` or as numbers; problems are added to `problems`."""
        texts = [self._texts(column or []) for column in self.texts]
        labels = None
        if self.values is not None:
            convert = self._numbers if self.task.kind == "regression" else self._ids
            labels = convert(self.values, names)
        return LabelledExamples(texts[0], texts[1] if len(texts) == 2 else None, labels)

    def refuse_missing_labels(self) -> None:
        """Add to `problems` the rows without a label, which would be a class of their own."""
        self.problems += [
            f"{self.table.at(row)}: the label is empty: fill it in or remove the row"
            for row, value in enumerate(self.values or [])
            if value is None or value != value or not str(value).strip()
        ]

    def _texts(self, column: list[Any]) -> list[str]:
        texts = ["" if value is None else str(value).strip() for value in column]
        empty = [row for row, text in enumerate(texts) if not text]
        if empty and self.task.empty_texts:
            say(f"{self.table.where}: {len(empty)} empty texts, kept (the task's declaration says that it has some)")
        elif empty:
            self.problems += [f"{self.table.at(row)}: the text is empty: remove the row" for row in empty]
        return texts

    def _ids(self, values: list[Any], names: tuple[str, ...]) -> npt.NDArray[np.int64]:
        ids = {str(i): i for i in range(len(names))} if self.task.labels else {}
        ids |= {name: i for i, name in enumerate(names)}
        known = ", ".join(f"{name} ({i})" for i, name in enumerate(names))
        found = [ids.get(str(value).strip(), -1) for value in values]
        self.problems += [
            f"{self.table.at(row)}: unknown label {values[row]!r}; the labels are {known}"
            for row, label in enumerate(found)
            if label < 0
        ]
        return np.array(found, dtype=np.int64)

    def _numbers(self, values: list[Any], _: tuple[str, ...]) -> npt.NDArray[np.float64]:
        numbers = np.zeros(len(values))
        for row, value in enumerate(values):
            try:
                numbers[row] = float(value)
            except (TypeError, ValueError):
                numbers[row] = np.nan
            if not np.isfinite(numbers[row]):
                self.problems.append(f"{self.table.at(row)}: {value!r} is not a number to predict")
        return numbers


def _by_number(name: str) -> tuple[bool, float, str]:
    """Sorts "2" before "10" and numbers before words."""
    return (False, float(name), name) if name.isascii() and name.isdigit() else (True, 0.0, name)


# --- parts of train ---


def nested_order(labels: npt.NDArray[Any], kind: str) -> npt.NDArray[np.int64]:
    """An order of the examples of which every beginning, and every end, has the classes in equal proportion.

    So the first 100 examples are part of the first 1,000, and an end can be held out. The order is random but
    fixed: it depends on the labels alone, so that every model, seed and baseline sees the same examples.
    """
    n = len(labels)
    shuffled = np.random.default_rng(0).permutation(n)
    if kind == "regression":
        return shuffled
    place = np.empty(n)  # of each example, between 0 and 1, evenly spread within its class
    for label in np.unique(labels):
        rows = shuffled[labels[shuffled] == label]
        place[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
    return shuffled[np.argsort(place[shuffled], kind="stable")]


def held_out(n: int, most: int = 2000) -> int:
    """How many of `n` training examples choices are made on: a tenth, if possible 200, at most a fifth."""
    return min(max(n // 10, min(200, n // 5)), most)
