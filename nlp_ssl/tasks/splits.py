"""The examples of a task: from files, from a function, or from the hub, and checked.

Files are .tsv and .txt (tab-separated, never quoted, as GLUE has them), .csv, .jsonl and .parquet; all but
the last may be compressed, .gz or .zst. In a folder a split is the file with the split's name, ours ("dev")
or the hub's ("validation"); files that are named one by one are the splits in the order of the declaration:
train, dev, test.

Everything wrong with the data is found before anything is trained, and reported together, with file and line.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from nlp_ssl.console import say
from nlp_ssl.corpus.reading import open_zstandard
from nlp_ssl.errors import InputError
from nlp_ssl.tasks.declaration import Task

FORMATS = (".tsv", ".txt", ".csv", ".jsonl", ".parquet")
COMPRESSIONS = ("", ".gz", ".zst")
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


@dataclass(frozen=True)
class Table:
    """The raw values of a split, by column."""

    where: str
    columns: dict[str, list[Any]]
    first_lines: list[int] | None
    """The line of each row in its file; None where there are no lines, and rows are counted from 1."""
    problems: list[str]

    def at(self, row: int) -> str:
        """Where a row is, for a message."""
        if self.first_lines is None:
            return f"{self.where}, row {row + 1}"
        return f"{self.where}:{self.first_lines[row]}"


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
            names = [s + form + packed for s in stems for form in FORMATS for packed in COMPRESSIONS]
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
    for file in found.values():
        if file_format(file) not in FORMATS:
            raise InputError(f"{file}: not one of {', '.join(FORMATS)} (.gz and .zst may follow)")
    return found


def file_format(file: Path) -> str:
    """The suffix that says how a file is written, with that of its compression left out."""
    return Path(file.stem).suffix if file.suffix in COMPRESSIONS else file.suffix


def read_table(file: Path) -> Table:
    """The rows of a file in one of `FORMATS`. Broken rows become problems of the table, one each."""
    if file_format(file) == ".parquet":
        return _read_parquet(file)
    problems: list[str] = []
    columns: dict[str, list[Any]] = {}
    lines: list[int] = []
    try:
        with _open(file) as text:
            rows = {".csv": _csv_rows, ".jsonl": _json_rows}.get(file_format(file), _tsv_rows)(text)
            header: list[str] = []
            for line, values in rows:
                if isinstance(values, str):
                    problems.append(f"{file}:{line}: {values}")
                elif not header:
                    header = values
                    if len(set(header)) < len(header):
                        twice = next(name for name in header if header.count(name) > 1)
                        raise InputError(f"{file}:{line}: two columns are called {twice!r}: rename one")
                    columns = {name: [] for name in header}
                elif len(values) != len(header):
                    problems.append(f"{file}:{line}: {len(values)} columns, the heading has {len(header)}")
                else:
                    lines.append(line)
                    for column, value in zip(columns.values(), values, strict=True):
                        column.append(value)
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: not UTF-8 (byte {error.object[error.start]:#04x}): convert it first") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{file}: damaged: {error}") from None
    if not lines and not problems:
        raise InputError(f"{file}: no examples in it")
    return Table(str(file), columns, lines, problems)


def _open(file: Path) -> IO[str]:
    raw: Any
    if file.suffix == ".gz":
        raw = gzip.open(file)  # noqa: SIM115
    elif file.suffix == ".zst":
        raw = open_zstandard(str(file))
    else:
        raw = file.open("rb")
    return io.TextIOWrapper(raw, encoding="utf-8-sig", newline="\n")


# A row is its line number and its values, or the sentence that says what is wrong with it; the first is the heading.
_Rows = Iterator[tuple[int, Any]]


def _tsv_rows(text: IO[str]) -> _Rows:
    for number, line in enumerate(text, 1):
        if line.strip("\r\n"):
            yield number, line.rstrip("\r\n").split("\t")


def _csv_rows(text: IO[str]) -> _Rows:
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(text)
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader, None)
        except csv.Error as error:
            yield line, f"broken CSV: {error}"
            continue
        if values is None:
            return
        if values:
            yield line, values


def _json_rows(text: IO[str]) -> _Rows:
    header: list[str] | None = None
    for number, line in enumerate(text, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            yield number, f"broken JSON: {error}"
            continue
        if not isinstance(row, dict):
            yield number, "not a JSON object"
            continue
        if header is None:
            header = list(row)
            yield 0, header
        lacking = [name for name in header if name not in row]
        yield number, f"no {', '.join(map(repr, lacking))}" if lacking else [row[name] for name in header]


def _read_parquet(file: Path) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(file)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{file}: not readable as Parquet: {error}") from None
    if not table.num_rows:
        raise InputError(f"{file}: no examples in it")
    return Table(str(file), table.to_pydict(), None, [])


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
