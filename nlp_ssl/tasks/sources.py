"""Where the rows of a task come from: files, a function or the hub."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from nlp_ssl import registry
from nlp_ssl.corpus.streams import COMPRESSIONS
from nlp_ssl.corpus.table import DataTable, read_table, table_formats
from nlp_ssl.errors import InputError, cut, first_line, listing
from nlp_ssl.tasks.declaration import CorpusTaskDeclaration, Task


def tables(task: Task, data: Sequence[Path]) -> dict[str, DataTable]:
    """The table of each split, from `data` if given, else from the task's function or from the hub.

    For a task that is made from a corpus, `data` is the corpus's folder.
    """
    if isinstance(task, CorpusTaskDeclaration):
        (corpus,) = data
        return _tables(task, registry.find("corpus_tasks", task.name)().rows(corpus, task.examples))
    if data:
        return {split: read_table(file) for split, file in files(task, data).items()}
    if task.module:
        return _call(task)
    if task.hub:
        return _download(task)
    raise InputError(f"task {task.name!r} is not on the hub; give its files with --data FOLDER-OR-FILES")


def is_one_file(task: Task, data: Sequence[Path]) -> bool:
    """Whether the data are a single file, which is divided into train and dev."""
    return len(data) == 1 and data[0].is_file() and task.evaluation_splits == ["dev"]


def files(task: Task, data: Sequence[Path]) -> dict[str, Path]:
    """Find the file of each split. Raises InputError if train or a dev split has none."""
    for path in data:
        if not path.exists():
            raise InputError(f"--data {path}: no such file or folder")
    if len(data) > 1 or data[0].is_file():
        if len(data) > len(task.splits):
            raise InputError(f"--data: {len(data)} files for {len(task.splits)} splits ({', '.join(task.splits)})")
        found = dict(zip(task.splits, data, strict=False))
    else:
        found = {}
        for split, hub_name in task.splits.items():
            stems = dict.fromkeys((split, hub_name))
            names = [s + form + packed for s in stems for form in table_formats() for packed in ("", *COMPRESSIONS)]
            files = [data[0] / name for name in names if (data[0] / name).is_file()]
            if len(files) > 1:
                candidates = ", ".join(file.name for file in files)
                raise InputError(f"{data[0]}: several files for {split}: {candidates}; list the files after --data")
            if files:
                found[split] = files[0]
    missing = [split for split in ("train", *task.evaluation_splits) if split not in found]
    if missing and not is_one_file(task, data):
        raise InputError(
            f"--data {' '.join(map(str, data))}: no file for {', '.join(missing)}; give a folder with files such as "
            f"train.tsv and dev.tsv, or list the files in the order {', '.join(task.splits)}"
        )
    return found


def _call(task: Task) -> dict[str, DataTable]:
    """Call the task's function, which returns rows: `{"train": [{"text": …, "label": …}, …], "dev": […]}`."""
    name, _, function = task.module.partition(":")
    if not registry.is_trusted(name, "nlp_ssl.tasks"):
        raise InputError(
            f"task {task.name!r}: module = {cut(repr(task.module))} is not imported from a declaration; "
            f"load it with --plugin {cut(name)}"
        )
    try:
        found: Callable[[], Mapping[str, Sequence[Mapping[str, Any]]]] = getattr(import_module(name), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(f"task {task.name!r}: cannot load module = {task.module!r}: {error}") from None
    try:
        splits = found()
    except InputError:
        raise
    except Exception as error:  # whatever the plug-in's own code raises
        reason = cut(f"{type(error).__name__}: {first_line(error)}")
        raise InputError(f"task {task.name!r}: {task.module} failed ({reason}); repair the plug-in") from None
    of_splits = splits.values() if isinstance(splits, Mapping) else [None]
    if not all(isinstance(rows, Sequence) and all(isinstance(row, Mapping) for row in rows) for rows in of_splits):
        raise InputError(
            f"task {task.name!r}: {task.module} must return a dict with a list of rows (dicts) for each split"
        )
    missing = [split for split in ("train", *task.evaluation_splits) if not splits.get(split)]
    if missing:
        raise InputError(f"task {task.name!r}: {task.module} returned no rows for {', '.join(missing)}")
    return _tables(task, splits)


def _tables(task: Task, splits: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, DataTable]:
    """The rows of each split as a table, whose columns are the keys that any row has."""
    keys = {split: dict.fromkeys(key for row in rows for key in row) for split, rows in splits.items()}
    return {
        split: DataTable(f"{task.name}/{split}", {key: [row.get(key) for row in rows] for key in keys[split]}, None, [])
        for split, rows in splits.items()
        if split in task.splits
    }


def _download(task: Task) -> dict[str, DataTable]:
    """Load the splits from the hub, or from a local folder that `datasets` can load."""
    import datasets

    owner, _, rest = task.hub.partition("/")
    path, _, configuration = rest.partition("/")
    try:
        loaded = datasets.load_dataset(f"{owner}/{path}", configuration or None)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        reason = first_line(error)
        raise InputError(
            f"task {task.name!r}: cannot load {task.hub!r} from the hub ({reason}); "
            "to use local files, give their folder with --data"
        ) from None
    missing = [task.splits[s] for s in ("train", *task.evaluation_splits) if task.splits[s] not in loaded]
    if missing:
        raise InputError(
            f"task {task.name!r}: {task.hub} has no split {', '.join(missing)}; found {listing(loaded, '')}"
        )
    return {
        split: DataTable(f"{task.hub}/{name}", loaded[name].to_dict(), None, [])
        for split, name in task.splits.items()
        if name in loaded
    }
