"""Options of every command that scores a model on a labelled task."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import tyro

from nlp_ssl import declarations
from nlp_ssl.tasks.declaration import task_names

FEWEST_EXAMPLES = 20


@dataclass(frozen=True, kw_only=True)
class TaskOptions:
    """The flags of every command that scores a model on a labelled task."""

    command: ClassVar[str]
    """The command's name."""

    run: tyro.conf.Positional[Path]
    """Folder of a pretraining run, or of any model in Hugging Face format."""
    task: str
    """Name of a declared task, path of your own declaration (.toml), or a new name together with the column flags."""
    data: tuple[Path, ...] = ()
    """Folder with train and dev files (.tsv .csv .jsonl .parquet .conll .conllu), or these files in this order.
    Defaults to the hub."""
    out: Path
    """Folder for all results."""
    seeds: int = 3
    """Number of networks; scores are reported with their standard deviation."""
    train_examples: int | None = None
    """Number of training examples, class-balanced and the same for every model. Defaults to all."""
    max_length: int = 128
    """Maximum number of tokens; longer examples are cut. Models with fewer positions read fewer."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Precision of matrix products. auto uses bf16 where the hardware supports it."""
    baselines: bool = True
    """Also score simple baselines and random initialisation."""
    baseline_model: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """Another model to score by the same protocol: a folder or a name on the hub. Repeat the flag for several."""
    baseline_seed: int = 1
    """Seed of random initialisations and random vectors; another number draws another sample."""
    share_baselines: Path | None = None
    """Reuse baselines from this folder; compute and store the missing ones."""
    text_column: str | None = None
    """Column with the text, or with the words of a sentence; overrides the declaration."""
    pair_column: str | None = None
    """Column with the second text, for pairs."""
    label_column: str | None = None
    """Column with the label or labels."""
    kind: str | None = None
    """Kind of an undeclared task: classification, multilabel, regression or token_classification."""
    positive: str | None = None
    """Label that the metric f1 is about. Defaults to the declared one, or else the rarer label of train."""
    metric: tuple[str, ...] = ()
    """Metrics to report; the first selects hyperparameters. Defaults to the declared ones."""

    def sample(self, kind: str) -> tuple[str, int]:
        """The name prefix of cached results of a kind of network, and the offset of its seeds 1, 2, …"""
        if kind not in ("random_init", "random") or self.baseline_seed == 1:
            return kind, 0
        return f"{kind}{self.baseline_seed}", 1000 * (self.baseline_seed - 1)

    def rules(self) -> list[tuple[bool, str]]:
        """Conditions on the options, each with the error message for when it is violated."""
        return [
            (self.seeds >= 1, f"--seeds is {self.seeds}: it must be at least 1"),
            (
                self.train_examples is None or self.train_examples >= FEWEST_EXAMPLES,
                f"--train-examples is {self.train_examples}: it must be at least {FEWEST_EXAMPLES}, as some are used "
                "for selection",
            ),
            (self.max_length >= 8, f"--max-length is {self.max_length}: it must be at least 8"),
            (self.baseline_seed >= 1, f"--baseline-seed is {self.baseline_seed}: it must be at least 1"),
            (
                self.share_baselines is None or not self.share_baselines.is_file(),
                f"--share-baselines {self.share_baselines}: a file, it should be a folder",
            ),
        ]


def task_notes() -> str:
    """The help's list of shipped tasks, with the sources of their data."""
    return (
        "The shipped tasks, for --task:\n"
        f"{declarations.listing('data', task_names())}\n\n"
        "Without --data, data marked hub is loaded from the Hugging Face hub. Download other data and name its folder\n"
        "with --data. GLUE tasks also read the files of gluebenchmark.com.\n\n"
        "Your own task needs no declaration: give it a new name, --data, --text-column and --label-column."
    )
