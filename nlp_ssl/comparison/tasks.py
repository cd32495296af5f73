"""The data that a comparison scores on: labelled tasks, and pairs that need no labels to learn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.experiment import named_task
from nlp_ssl.tasks.declaration import Task

if TYPE_CHECKING:
    from nlp_ssl.tasks.splits import LabelledExamples

SAMPLE = 300
"""Training examples used to estimate the mean length of a task's examples."""


@dataclass(frozen=True, kw_only=True)
class LabelledTask:
    """A task with its data."""

    task: Task
    given: str
    """Value of --task: a name or a .toml file."""
    flags: Mapping[str, Any] = field(default_factory=dict)
    """Columns, kind and metrics from flags, for a task without a declaration; fields of `TaskOptions`."""
    data: tuple[Path, ...]
    labels: tuple[str, ...]
    sample: LabelledExamples
    """`SAMPLE` training examples, evenly spread."""
    counts: Mapping[str, int]
    """Number of examples by split."""
    fingerprints: Mapping[str, str]
    """Hash of texts and labels by split."""

    @property
    def name(self) -> str:
        """Name of the task."""
        return self.task.name

    def changed(self) -> bool:
        """Whether the data have other fingerprints now."""
        from nlp_ssl.tasks.splits import load_splits

        _, splits = load_splits(self.task, self.data)
        return {split: examples.fingerprint() for split, examples in splits.items()} != dict(self.fingerprints)

    @property
    def key(self) -> dict[str, Any]:
        """What scores on this task depend on."""
        return {"declaration": asdict(self.task), "data": dict(self.fingerprints)}


@dataclass(frozen=True, kw_only=True)
class PairFile:
    """Minimal pairs (a file or a folder of files) or word pairs (a file)."""

    data: Path
    fingerprint: str
    """Hash of the files' bytes."""

    @property
    def name(self) -> str:
        """Name without suffixes."""
        return self.data.resolve().name.partition(".")[0]

    def changed(self) -> bool:
        """Whether the files have another hash now."""
        return load_pair_file(self.data).fingerprint != self.fingerprint


def load_labelled(given: str, data: Path | None, flags: Mapping[str, Any]) -> LabelledTask:
    """Load a task from `data`/NAME, or from the hub if `data` is None. Raises InputError for unusable data.

    `flags` name the columns, kind and metrics of a task without a declaration.
    """
    import numpy as np

    from nlp_ssl.tasks.positive_class import with_positive
    from nlp_ssl.tasks.splits import load_splits

    task = named_task(given, **flags)
    folder = None if data is None or task.module else data / task.name
    if folder is not None and not folder.is_dir():
        raise InputError(f"task {task.name!r}: no folder {folder}: --data needs one folder for each task, of its name")
    paths = () if folder is None else (folder,)
    labels, splits = load_splits(task, paths)
    train = splits["train"]
    task = with_positive(task, labels, train)
    return LabelledTask(
        task=task,
        given=given,
        flags=flags,
        data=paths,
        labels=labels,
        counts={split: len(examples) for split, examples in splits.items()},
        sample=train.take(np.linspace(0, len(train) - 1, SAMPLE).astype(np.int64)),
        fingerprints={split: examples.fingerprint() for split, examples in splits.items()},
    )


def load_pair_file(path: Path) -> PairFile:
    """Hash the bytes of a file, or of the files in a folder."""
    digest = blake2b(digest_size=8)
    for file in [path] if path.is_file() else sorted(file for file in path.iterdir() if file.is_file()):
        digest.update(file.name.encode() + b"\0" + file_digest(file.open("rb"), "blake2b").digest())
    return PairFile(data=path, fingerprint=digest.hexdigest())
