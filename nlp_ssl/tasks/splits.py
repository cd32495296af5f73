"""The examples of a task: from files, from a function, or from the hub, and checked.

Files are those that `nlp_ssl.corpus.table` reads. In a folder a split is the file with the split's name, ours ("dev")
or the hub's ("validation"); files that are named one by one are the splits in the order of the declaration:
train, dev, test.

Everything wrong with the data is found before anything is trained, and reported together, with file and line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
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
from nlp_ssl.tasks.kinds.base import Column

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
    """Labels [n, ...] as the kind of task has them; None in a test split without labels."""
    words: list[list[str]] | None = None
    """The words of each text, where each word has a label; the text has a blank between them."""

    @property
    def word_counts(self) -> list[int]:
        """Words of each text."""
        assert self.words is not None
        return [len(words) for words in self.words]

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: npt.NDArray[np.int64]) -> LabelledExamples:
        """The examples at `rows` (indices), in that order."""
        pairs = None if self.pairs is None else [self.pairs[i] for i in rows]
        return LabelledExamples(
            [self.texts[i] for i in rows],
            pairs,
            None if self.labels is None else self.labels[rows],
            None if self.words is None else [self.words[i] for i in rows],
        )

    def fingerprint(self) -> str:
        """A hash of all texts and labels, in their order."""
        digest = blake2b(digest_size=8)
        for texts in (self.texts, self.pairs or []):
            digest.update("\0".join(texts).encode("utf-8", "surrogatepass"))
        digest.update(b"" if self.labels is None else self.labels.tobytes())
        return digest.hexdigest()


def load_splits(task: Task, data: Sequence[Path]) -> tuple[tuple[str, ...], dict[str, LabelledExamples]]:
    """The names of the labels (empty for regression) and the examples of each split that there is.

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
        columns = {split: check.labels for split, check in checks.items() if check.labels is not None}
        names = task.kind_type.find_labels(task.labels, columns)
        splits = {split: check.examples(names) for split, check in checks.items()}
        problems = [problem for check in checks.values() for problem in check.problems]
    if problems:
        hidden = len(problems) - PROBLEMS_SHOWN
        raise InputError(*problems[:PROBLEMS_SHOWN], *([f"and {hidden:,} more like these"] if hidden > 0 else []))
    task.kind_type.check_labels(names, tables["train"].where)
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
        """The raw labels; None where there are none."""
        return None if self.values is None else Column(self.values, self.table.at, self.problems)

    def _words(self, column: list[Any]) -> list[list[str]]:
        sentences = []
        for row, value in enumerate(column):
            words = [str(word).strip() for word in value] if isinstance(value, list) else []
            tags = None if self.values is None else self.values[row]
            if not words or not all(words):
                problem = "has no words" if isinstance(value, list) else "is not a list of words"
                self.problems.append(f"{self.table.at(row)}: the text {problem if not words else 'has an empty word'}")
            elif isinstance(tags, list) and len(tags) != len(words):
                self.problems.append(f"{self.table.at(row)}: {len(words)} words, {len(tags)} tags")
            sentences.append(words)
        return sentences

    def _texts(self, column: list[Any]) -> list[str]:
        texts = ["" if value is None else str(value).strip() for value in column]
        empty = [row for row, text in enumerate(texts) if not text]
        if empty and self.task.empty_texts:
            say(f"{self.table.where}: {len(empty)} empty texts, kept (the task's declaration says that it has some)")
        elif empty:
            self.problems += [f"{self.table.at(row)}: the text is empty: remove the row" for row in empty]
        return texts


# --- parts of train ---


def nested_order(n: int, strata: npt.NDArray[Any] | None = None) -> npt.NDArray[np.int64]:
    """An order of n examples in which every beginning, and every end, has the strata [n] in equal proportion.

    So the first 100 examples are part of the first 1,000, and the end can be set aside. The order is random but
    fixed: it depends on the strata alone, so every model, seed and baseline sees the same examples.
    """
    shuffled = np.random.default_rng(0).permutation(n)
    if strata is None:
        return shuffled
    place = np.empty(n)  # of each example, between 0 and 1, evenly spread within its stratum
    for stratum in np.unique(strata):
        rows = shuffled[strata[shuffled] == stratum]
        place[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
    return shuffled[np.argsort(place[shuffled], kind="stable")]


def selection_size(n: int, most: int = 2000) -> int:
    """How many of `n` training examples are for selection: a tenth, if possible 200, at most a fifth."""
    return min(max(n // 10, min(200, n // 5)), most)
