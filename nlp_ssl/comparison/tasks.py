"""The data that a comparison scores on: labelled tasks, and pairs that need no labels to learn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlp_ssl.corpus.store import Corpus
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.sentence_pairs import SentencePairs, made_sentence_pairs, read_sentence_pairs
from nlp_ssl.tasks.declaration import CorpusTaskDeclaration, Task
from nlp_ssl.tasks.flags import DAMAGED, TaskFlags
from nlp_ssl.tasks.values import number

if TYPE_CHECKING:
    from nlp_ssl.tasks.splits import LabelledExamples

DESCRIPTIVE = ("title", "paper", "knowledge", "folder")
"""Keys of a declaration that change no score."""

SAMPLE = 300
"""Training examples used to estimate the mean length of a task's examples."""


@dataclass(frozen=True, kw_only=True)
class LabelledTask:
    """A task with its data."""

    task: Task
    given: str
    """Value of --task: a name or a .toml file."""
    flags: Mapping[str, Any] = field(default_factory=dict)
    """Columns, kind and metrics from flags, for a task without a declaration; fields of `TaskFlags`."""
    data: tuple[Path, ...]
    """Its folder or single file; empty for the hub. For a task that is made from a corpus, the corpus."""
    labels: tuple[str, ...]
    sample: LabelledExamples
    """`SAMPLE` training examples, evenly spread."""
    counts: Mapping[str, int]
    """Number of examples by split."""
    independent: Mapping[str, int]
    """Number of clusters of examples by split; of examples, where each is its own."""
    fingerprints: Mapping[str, str]
    """Hash of texts and labels by split."""

    @property
    def name(self) -> str:
        """Name of the task."""
        return self.task.name

    @property
    def is_made(self) -> bool:
        """Whether it is made from a corpus."""
        return isinstance(self.task, CorpusTaskDeclaration)

    @property
    def has_label_words(self) -> bool:
        """Whether each example has one label, whose name is a word that can follow a prompt."""
        named = all(number(label) is None for label in self.labels)
        return self.task.kind == "classification" and not self.is_made and named

    @property
    def source(self) -> dict[str, Any]:
        """The options of a command that name the data."""
        return {"corpus": self.data[0]} if self.is_made else {"data": self.data}

    def changed(self) -> bool:
        """Whether the data have other fingerprints now."""
        from nlp_ssl.tasks.splits import load_splits

        _, splits = load_splits(self.task, self.data)
        return {split: examples.fingerprint() for split, examples in splits.items()} != dict(self.fingerprints)

    @property
    def key(self) -> dict[str, Any]:
        """What scores on this task depend on."""
        declaration = {key: value for key, value in asdict(self.task).items() if key not in DESCRIPTIVE}
        return {"declaration": declaration, "data": dict(self.fingerprints)}


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

    @property
    def source(self) -> dict[str, Any]:
        """The options of `minimal-pairs` that name the data."""
        return {"data": (self.data,)}

    def read(self) -> SentencePairs:
        """The pairs of sentences."""
        return read_sentence_pairs([self.data])

    def changed(self) -> bool:
        """Whether the files have another hash now."""
        return load_pair_file(self.data).fingerprint != self.fingerprint


@dataclass(frozen=True, kw_only=True)
class DamagedSentences:
    """Minimal pairs of held-out sentences and their damaged versions."""

    corpus: Path
    fingerprint: str
    """The corpus's."""

    @property
    def name(self) -> str:
        """Name for --task."""
        return DAMAGED

    @property
    def source(self) -> dict[str, Any]:
        """The options of `minimal-pairs` that name the data."""
        return {"corpus": self.corpus}

    def read(self) -> SentencePairs:
        """The pairs of sentences."""
        return made_sentence_pairs(self.corpus)

    def changed(self) -> bool:
        """Whether the corpus has another fingerprint now."""
        return Corpus.open(self.corpus).fingerprint != self.fingerprint


def load_labelled(given: str, data: Path | None, flags: Mapping[str, Any], corpus: Path | None = None) -> LabelledTask:
    """Load a task from `data`/NAME, the file `data`, or the hub if it is None. Raises InputError for unusable data.

    `flags` name the columns, kind and metrics of a task without a declaration. `corpus` is for tasks made from one.
    """
    import numpy as np

    from nlp_ssl.tasks.positive_class import with_positive
    from nlp_ssl.tasks.splits import load_splits

    task = TaskFlags(**flags).task_named(given)
    made = isinstance(task, CorpusTaskDeclaration)
    source = corpus if made else None if task.module else data
    if not made and source is not None and not source.is_file():
        source /= task.folder or task.name
        if not source.is_dir():
            need = "--data needs one folder for each task, of its name"
            raise InputError(f"task {task.name!r}: no folder {source}: {need}")
    paths = () if source is None else (source,)
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
        independent={split: examples.independent for split, examples in splits.items()},
        sample=train.take(np.linspace(0, len(train) - 1, SAMPLE).astype(np.int64)),
        fingerprints={split: examples.fingerprint() for split, examples in splits.items()},
    )


def load_pair_file(path: Path) -> PairFile:
    """Hash the bytes of a file, or of the files in a folder."""
    digest = blake2b(digest_size=8)
    for file in [path] if path.is_file() else sorted(file for file in path.iterdir() if file.is_file()):
        digest.update(file.name.encode() + b"\0" + file_digest(file.open("rb"), "blake2b").digest())
    return PairFile(data=path, fingerprint=digest.hexdigest())
