"""Options of every command that scores a model on a labelled task."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import tyro

from nlp_ssl import declarations, registry
from nlp_ssl.errors import InputError
from nlp_ssl.tasks.declaration import CorpusTaskDeclaration, Task, task_names
from nlp_ssl.tasks.flags import TaskFlags

FEWEST_EXAMPLES = 20
MOST_SEEDS = 1000
"""Also the distance between the seeds of two samples of random networks (`baseline_sample`)."""

ClassWeights = Literal["equal", "balanced"]
""""balanced": a class with n_c of n training examples has the weight n / (k n_c), where k is the number of classes."""
FEWEST_FROM_CORPUS = 500


@dataclass(frozen=True, kw_only=True)
class ScoringOptions:
    """The flags that say what is scored and how, except those that describe the task."""

    command: ClassVar[str]
    """The command's name."""

    run: tyro.conf.Positional[Path]
    """Folder of a pretraining run, or of any model in Hugging Face format."""
    task: str
    """Name of a declared task, path of your own declaration (.toml), or a new name together with the column flags."""
    data: tuple[Path, ...] = ()
    """Folder with train and dev files (.tsv .csv .jsonl .parquet .conll .conllu), or these files in this order.
    Defaults to the hub."""
    corpus: Path | None = None
    """Prepared corpus whose held-out documents the task is made from."""
    out: Path
    """Folder for all results."""
    seeds: int = 3
    """Number of networks; scores are reported with their standard deviation."""
    train_examples: int | None = None
    """Number of training examples. Each seed draws others, the same for every model. Defaults to all."""
    folds: int | None = None
    """Cross-validation on a single labelled file: each of this many parts is scored by models trained on the others."""
    class_weights: ClassWeights = "equal"
    """Weights of the classes in training. balanced gives rare classes as much weight as frequent ones."""
    max_length: int = 128
    """Maximum number of tokens; longer examples are cut. Models with fewer positions read fewer."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Precision of matrix products. auto uses bf16 where the hardware supports it. On CUDA, fp32 means TF32."""
    baselines: bool = True
    """Also score simple baselines and random initialisation."""
    baseline_model: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """Another model to score by the same protocol: a folder or a name on the hub. Repeat the flag for several."""
    baseline_seed: int = 1
    """Seed of random initialisations and random vectors; another number draws another sample."""
    share_baselines: Path | None = None
    """Reuse baselines from this folder; compute and store the missing ones."""


@dataclass(frozen=True, kw_only=True)
class TaskOptions(TaskFlags, ScoringOptions):
    """The flags of every command that scores a model on a labelled task."""

    def sources(self, task: Task) -> tuple[Path, ...]:
        """What the task's examples are read from: --data, or the corpus. InputError for the wrong one of both."""
        if not isinstance(task, CorpusTaskDeclaration):
            if self.corpus is not None:
                made = ", ".join(registry.names("corpus_tasks"))
                raise InputError(f"--corpus: {task.name} is not made from a corpus, as {made} are; use --data")
            return self.data
        if self.corpus is None or self.data:
            raise InputError(f"--task {task.name} is made from a corpus: give its folder with --corpus, and no --data")
        return (self.corpus,)

    def sample(self, kind: str) -> tuple[str, int]:
        """The name prefix of cached results of a kind of network, and the offset of its seeds 1, 2, …"""
        return baseline_sample(kind, self.baseline_seed if kind in ("random_init", "random") else 1)

    def rules(self) -> list[tuple[bool, str]]:
        """Conditions on the options, each with the error message for when it is violated."""
        return [
            (1 <= self.seeds <= MOST_SEEDS, f"--seeds is {self.seeds}: it must lie in 1..{MOST_SEEDS}"),
            (
                self.train_examples is None or self.train_examples >= FEWEST_EXAMPLES,
                f"--train-examples is {self.train_examples}: it must be at least {FEWEST_EXAMPLES}, as some are used "
                "for selection",
            ),
            (
                self.corpus_examples >= FEWEST_FROM_CORPUS,
                f"--corpus-examples is {self.corpus_examples}: it must be at least {FEWEST_FROM_CORPUS}",
            ),
            (self.folds is None or self.folds >= 2, f"--folds is {self.folds}: it must be at least 2"),
            (
                self.folds is None or self.train_examples is None,
                "--folds trains on all examples outside a fold: leave out --train-examples",
            ),
            (self.max_length >= 8, f"--max-length is {self.max_length}: it must be at least 8"),
            (1 <= self.baseline_seed <= 1000, f"--baseline-seed is {self.baseline_seed}: it must lie in 1..1000"),
            (
                self.share_baselines is None or not self.share_baselines.is_file(),
                f"--share-baselines {self.share_baselines}: a file, it should be a folder",
            ),
        ]


def baseline_sample(kind: str, baseline_seed: int) -> tuple[str, int]:
    """The name prefix of cached results of random networks, and the offset of their seeds 1, 2, …"""
    return (kind, 0) if baseline_seed == 1 else (f"{kind}{baseline_seed}", MOST_SEEDS * (baseline_seed - 1))


def task_notes() -> str:
    """The help's list of shipped tasks, with the sources of their data."""
    return (
        "The shipped tasks, for --task:\n"
        f"{declarations.summaries('data', task_names())}\n\n"
        "Tasks that are made from the held-out documents of any corpus, with --corpus:\n"
        f"{_corpus_tasks()}\n\n"
        "Without --data, data marked hub is loaded from the Hugging Face hub. Download other data and name its folder\n"
        "with --data. GLUE tasks also read the files of gluebenchmark.com.\n\n"
        "Your own task needs no declaration: give it a new name, --data, --text-column and --label-column."
    )


def _corpus_tasks() -> str:
    """A line with name and title of each task that is made from a corpus."""
    found = {name: registry.find("corpus_tasks", name).title for name in registry.names("corpus_tasks")}
    width = max(map(len, found))
    return "\n".join(f"  {name:<{width}}  {title}" for name, title in found.items())
