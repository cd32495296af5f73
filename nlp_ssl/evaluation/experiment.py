"""What every score of a model on a labelled task has in common: options, examples, baselines, files.

The training examples are the first N of a fixed, class-balanced order, so 100 are part of 1,000 and every model,
method, seed and baseline has the same ones. Their end, a tenth (`splits.held_out`), is held out: all choices are
made there, on models that learned from all the rest: what is best for a part of it, such as a learning rate, can be
what the whole of it does not survive. The scores are those on dev, and on test where its labels are known: no choice
has seen them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

import tyro

from nlp_ssl.console import progress, say, warn
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.result_cache import CachedResult, ResultCache, command, or_cannot_write, weights_fingerprint
from nlp_ssl.models.folder import model_folder
from nlp_ssl.tasks.declaration import Task, load_task, own_task, task_names, with_flags

if TYPE_CHECKING:
    from nlp_ssl.evaluation.network import Checkpoint, Tokens
    from nlp_ssl.evaluation.scores import Row
    from nlp_ssl.tasks.splits import LabelledExamples

FEWEST_EXAMPLES = 20
UNKNOWN_WORTH_A_WARNING = 0.1
SHARED_WORTH_A_WARNING = 0.1


@dataclass(frozen=True, kw_only=True)
class TaskOptions:
    """The flags of every command that scores a model on a labelled task."""

    command: ClassVar[str]
    """The command's name."""

    run: tyro.conf.Positional[Path]
    """Folder of a pretraining run, or of any model in Hugging Face format."""
    task: str
    """Name of a declared task, a declaration of one's own (a .toml file), or a new name with the column flags."""
    data: tuple[Path, ...] = ()
    """Folder with train and dev (.tsv .csv .jsonl .parquet), or those files in that order; else from the hub."""
    out: Path
    """Folder for all results."""
    seeds: int = 3
    """Networks that are made; scores are reported with their spread."""
    train_examples: int | None = None
    """Use so many examples of train, class-balanced, the same for every model; all if not given."""
    max_length: int = 128
    """Tokens that are read of an example, up to what the model has positions for."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of matrix products; auto is bf16 where the hardware has it."""
    baselines: bool = True
    """Also score what the model has to beat."""
    baseline_seed: int = 1
    """What untrained networks and random vectors start from; another number is another sample of them."""
    share_baselines: Path | None = None
    """Folder that the results of several runs share: a baseline that is there for the same task and settings is
    taken from it, one that is not is left there."""
    text_column: str | None = None
    """Column with the text, in place of the declared one."""
    pair_column: str | None = None
    """Column with the second text, for a task of pairs."""
    label_column: str | None = None
    """Column with the label."""
    metric: tuple[str, ...] = ()
    """accuracy f1 macro_f1 matthews for classes, pearson spearman for numbers; choices are made by the first."""

    def sample(self, kind: str) -> tuple[str, int]:
        """What the parts of networks of a kind are called, and the number that their seeds 1, 2, … are counted from."""
        if kind == "pretrained" or self.baseline_seed == 1:
            return kind, 0
        return f"{kind}{self.baseline_seed}", 1000 * (self.baseline_seed - 1)

    def rules(self) -> list[tuple[bool, str]]:
        """What has to hold, each with the sentence for where it does not."""
        return [
            (self.seeds >= 1, f"--seeds {self.seeds}: at least 1"),
            (
                self.train_examples is None or self.train_examples >= FEWEST_EXAMPLES,
                f"--train-examples {self.train_examples}: at least {FEWEST_EXAMPLES}, part of them is held out",
            ),
            (self.max_length >= 8, f"--max-length {self.max_length}: at least 8"),
            (self.baseline_seed >= 1, f"--baseline-seed {self.baseline_seed}: at least 1"),
            (
                self.share_baselines is None or not self.share_baselines.is_file(),
                f"--share-baselines {self.share_baselines}: a file, it should be a folder",
            ),
        ]


Options = TypeVar("Options", bound=TaskOptions)


def score_task(experiment: type[Experiment[Options]], options: Options) -> dict[str, Any]:
    """Do an experiment, print its table and write OUT; returns what is in OUT/scores.json.

    InputError for options, data or a model that cannot be used, before anything is written.
    """
    problems = [problem for holds, problem in options.rules() if not holds]
    if problems:
        raise InputError(*problems)
    task = with_flags(
        find_task(options.task), options.text_column, options.pair_column, options.label_column, options.metric
    )
    folder = model_folder(options.run)

    from nlp_ssl.tasks.splits import load_splits  # numpy and more come in here, after the first refusals

    labels, splits = load_splits(task, options.data)
    with or_cannot_write(options.out):
        return experiment(options, task, folder, labels, splits).result()


def find_task(name: str) -> Task:
    """The task that is declared by this name or in this file; else one whose columns flags have to name."""
    declared = name.endswith(".toml") or name in task_names()
    return load_task(name) if declared else own_task(name)


class Experiment(ABC, Generic[Options]):
    """One command's work: its data, its parts, its result."""

    def __init__(
        self, options: Options, task: Task, folder: Path, labels: tuple[str, ...], splits: dict[str, LabelledExamples]
    ) -> None:
        from nlp_ssl.evaluation.network import encode, load_checkpoint, longest_input
        from nlp_ssl.runtime import resolve_precision
        from nlp_ssl.tasks.splits import held_out, nested_order

        self.options, self.task, self.labels = options, task, labels
        train = splits["train"]
        N = options.train_examples or len(train)
        if not FEWEST_EXAMPLES <= N <= len(train):
            rule = "no more can be used" if options.train_examples else f"at least {FEWEST_EXAMPLES} are needed"
            wanted = f"--train-examples {N}: " if options.train_examples else ""
            raise InputError(f"{wanted}{task.name} has {len(train)} training examples, {rule}")
        assert train.labels is not None
        chosen = nested_order(train.labels, task.kind)[:N]
        rest = N - held_out(N)
        self.train = train.take(chosen)
        self.to_choose_on = train.take(chosen[:rest])
        self.held_out = train.take(chosen[rest:])
        if labels and "f1" in task.metrics and len(labels) > 2:
            raise InputError(f"{task.name} has {len(labels)} labels, f1 is for two: --metric macro_f1")
        if labels and len(set(train.labels[chosen[:rest]].tolist())) < 2:
            only = labels[int(train.labels[chosen[0]])]
            raise InputError(
                f"{task.name}: the {rest:,} training examples to choose on are all {only!r}: more are needed"
            )
        self.predicted = {name: examples for name, examples in splits.items() if name != "train"}

        self.checkpoint: Checkpoint = load_checkpoint(folder)
        self.max_length = longest_input(self.checkpoint.config, options.max_length)
        self.precision = resolve_precision(options.precision)
        self.parts = ResultCache(
            options.out,
            {
                "task": task.name,
                "columns": [list(names) for names in (*task.columns, task.label)],
                "metrics": list(task.metrics),
                "train examples": len(self.train),
                "examples to choose on": len(self.to_choose_on),
                **self.settings(),
                "max length": self.max_length,
                "precision": self.precision,
                "model": weights_fingerprint(folder),
                "data": {name: examples.fingerprint() for name, examples in splits.items()},
            },
            options.share_baselines,
        )
        self.tokens: dict[str, Tokens] = {
            name: encode(self.checkpoint, examples, self.max_length) for name, examples in self.inputs().items()
        }
        self._remark()

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """What the result depends on besides task, data, model, length and precision."""

    @abstractmethod
    def inputs(self) -> dict[str, LabelledExamples]:
        """What the network reads, by name: "train" and the splits that are predicted, and more if need be."""

    @abstractmethod
    def networks(self, kind: Literal["pretrained", "untrained"], name: str) -> list[Row]:
        """The lines of the table that a network has, under this name, with a part for each seed."""

    def other_baselines(self) -> list[Row]:
        """Baselines that this experiment has besides those that all have."""
        return []

    @cached_property
    def on_texts(self) -> dict[str, Any]:
        """All that a baseline depends on which reads the texts themselves."""
        from nlp_ssl.evaluation.scores import provenance

        read = {"train": self.train, "choose": self.to_choose_on, "held out": self.held_out, **self.predicted}
        return {
            "labels": self.labels,
            "metric": self.task.metrics[0],
            "texts": {name: examples.fingerprint() for name, examples in read.items()},
            "versions": provenance()["versions"],
        }

    @cached_property
    def on_untrained(self) -> dict[str, Any]:
        """All that an untrained network's part depends on: nothing of the run but its architecture and tokenizer."""
        return {
            **self.on_texts,
            "command": self.options.command,
            "settings": self.settings(),
            "precision": self.precision,
            "architecture": self.checkpoint.architecture(),
            "tokens": {name: tokens.fingerprint() for name, tokens in self.tokens.items()},
        }

    def result(self) -> dict[str, Any]:
        """Do all parts that are not done yet, then print and write the result."""
        from nlp_ssl.evaluation.scores import Row, write_result

        rows = []
        if self.options.baselines:
            name = "majority class" if self.labels else "mean of train"
            rows += [
                Row("majority", name, [self.parts.part("majority", self._majority, self.on_texts)]),
                Row("tfidf", "TF-IDF + linear model", [self.parts.part("tfidf", self._bag_of_words, self.on_texts)]),
                *self.other_baselines(),
                *self.networks("untrained", "the same network, untrained"),
            ]
        rows += self.networks("pretrained", self.options.run.resolve().name)
        if self.parts.done_before:
            say(f"{self.options.out}: this was finished before; nothing was run again")
        used = {"train": self.train, "held out": self.held_out, **self.predicted}
        facts = {
            "run": str(self.options.run),
            "command": command(self.options.command, self.options),
            "examples": {name: len(examples) for name, examples in used.items()},
            "truncated": {name: self.tokens[name].truncated for name in ("train", *self.predicted)},
            "unknown tokens": {name: round(self.tokens[name].unknown, 4) for name in ("train", *self.predicted)},
            "precision": self.precision,
        }
        return write_result(self.options.out, self.task, self.labels, self.predicted, rows, facts)

    def held_out_score(self, outputs: Any) -> float:
        """The first metric on the held-out part of train, of outputs [n, classes] or [n, 1]."""
        from nlp_ssl.evaluation.scores import predictions
        from nlp_ssl.tasks.metrics import score

        assert self.held_out.labels is not None
        return score(self.task.metrics[0], self.held_out.labels, predictions(outputs, self.labels))

    def _remark(self) -> None:
        """Say what the user should know of the texts as the model sees them."""
        for name in ("train", *self.predicted):
            tokens, n = self.tokens[name], len(self.tokens[name].lengths)
            if tokens.truncated:
                say(f"{name}: {tokens.truncated:,} of {n:,} inputs are longer than {self.max_length} tokens: cut")
            if tokens.unknown > UNKNOWN_WORTH_A_WARNING:
                warn(f"{name}: the run's tokenizer does not know {tokens.unknown:.0%} of the tokens")
        trained_on = set(self.train.texts)
        for name, examples in self.predicted.items():
            shared = sum(text in trained_on for text in examples.texts) / len(examples)
            if shared > SHARED_WORTH_A_WARNING:
                first = "first " if examples.pairs else ""
                warn(
                    f"{name}: {shared:.0%} of the {first}texts are in train too: scores may say who remembers those, "
                    "and what else was said of them there"
                )

    # --- the baselines that every experiment has ---

    def _majority(self) -> CachedResult:
        from nlp_ssl.tasks.baselines import majority

        classes = len(self.labels)
        return CachedResult({s: majority(self.train, classes, len(e)) for s, e in self.predicted.items()}, {})

    def _bag_of_words(self) -> CachedResult:
        from nlp_ssl.tasks.baselines import STRENGTHS, BagOfWords

        classes = len(self.labels)
        tried = []
        with progress("TF-IDF", len(STRENGTHS) + 1, "models") as job:
            for strength in STRENGTHS:
                outputs = BagOfWords(self.to_choose_on, classes, strength).outputs(self.held_out)
                tried.append({"strength": strength, "score": self.held_out_score(outputs)})
                job.advance()
            best = max(tried, key=lambda t: t["score"])["strength"]
            model = BagOfWords(self.train, classes, best)
            job.advance()
        return CachedResult(
            {s: model.outputs(e) for s, e in self.predicted.items()}, {"strength": best, "tried": tried}
        )
