"""The common base of fine-tuning and probing: examples, models, baselines and results.

The training examples are the first N of a fixed, class-balanced order, the same for every model, method, seed and
baseline. The last tenth of them (`splits.selection_size`) is the selection part: hyperparameters are chosen by the
scores on it of models fitted to the rest. The reported scores are on dev, and on test if it has labels. They are used
for no choice.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from nlp_ssl import registry
from nlp_ssl.console import say
from nlp_ssl.disk_errors import disk_errors
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.options import FEWEST_EXAMPLES, TaskOptions
from nlp_ssl.evaluation.result_cache import CachedResult, ResultCache, command, weights_fingerprint
from nlp_ssl.models.folder import model_folder
from nlp_ssl.output_folder import exclusive
from nlp_ssl.tasks.declaration import Task, load_task, own_task, task_names, with_flags

if TYPE_CHECKING:
    from nlp_ssl.evaluation.checkpoints import Checkpoint
    from nlp_ssl.evaluation.inputs import Tokens
    from nlp_ssl.evaluation.scores import Row
    from nlp_ssl.tasks.baselines.base import BaselineData, TextBaseline
    from nlp_ssl.tasks.kinds.base import Array, TaskKind
    from nlp_ssl.tasks.splits import LabelledExamples

Options = TypeVar("Options", bound=TaskOptions)


def score_task(experiment: type[Experiment[Options]], options: Options) -> dict[str, Any]:
    """Run an experiment, print its table and write OUT. Returns the content of OUT/scores.json.

    Raises InputError for unusable options, data or models, before anything is written.
    """
    problems = [problem for holds, problem in options.rules() if not holds]
    if problems:
        raise InputError(*problems)
    task = task_of(options)
    folder = model_folder(options.run)

    from nlp_ssl.tasks.positive_class import with_positive
    from nlp_ssl.tasks.splits import load_splits  # imports NumPy, so only after the options are checked

    labels, splits = load_splits(task, options.data)
    task = with_positive(task, labels, splits["train"])
    with disk_errors(options.out, "run the command again; finished results are kept"), exclusive(options.out):
        return experiment(options, task, folder, labels, splits).result()


def task_of(options: TaskOptions) -> Task:
    """The task that the flags of a command name."""
    return named_task(
        options.task,
        options.text_column,
        options.pair_column,
        options.label_column,
        options.metric,
        options.kind,
        options.positive,
    )


def named_task(
    name: str,
    text_column: str | None = None,
    pair_column: str | None = None,
    label_column: str | None = None,
    metric: tuple[str, ...] = (),
    kind: str | None = None,
    positive: str | None = None,
) -> Task:
    """The task declared by this name or in this file, with the columns, metrics, kind and positive class from flags.

    Without a declaration, the flags must name the columns. Raises InputError where they do not, or contradict it.
    """
    return with_flags(find_task(name), text_column, pair_column, label_column, metric, kind, positive)


def find_task(name: str) -> Task:
    """The task of this name or declaration file; otherwise a new task, whose columns must be given by flags."""
    return load_task(name) if is_declared(name) else own_task(name)


def is_declared(name: str) -> bool:
    """Whether a --task has a declaration: a shipped one, or a .toml file."""
    return name.endswith(".toml") or name in task_names()


@dataclass(frozen=True)
class Model:
    """A model to score: the run itself, its random initialisation, or an existing model as a baseline."""

    key: str
    """"pretrained", "random_init" or "model"; `key` in scores.json."""
    name: str
    """Its name in tables."""
    cached_as: str
    """Prefix of its results in the cache."""
    checkpoint: Checkpoint
    tokens: dict[str, Tokens]
    """Its tokenised input, by name as in `Experiment.inputs`."""
    depends_on: dict[str, Any] | None
    """Everything that its results depend on; None if they are not shared between runs."""

    @property
    def pretrained(self) -> bool:
        """Whether it starts from trained weights."""
        return self.key != "random_init"


class Experiment(ABC, Generic[Options]):
    """Base of fine-tuning and probing: data, cached results and scores of one command."""

    baselines: tuple[str, ...] = ("random_init",)
    """Baselines, by name in the registry, besides those of the kind of task."""

    def __init__(
        self, options: Options, task: Task, folder: Path, labels: tuple[str, ...], splits: dict[str, LabelledExamples]
    ) -> None:
        from nlp_ssl.evaluation.checkpoints import load_checkpoint, longest_input
        from nlp_ssl.evaluation.inputs import report_inputs
        from nlp_ssl.runtime import resolve_precision

        self.options, self.task = options, task
        self.kind: TaskKind = task.kind_type(labels, task.positive)
        self.kind.check_metrics(task.name, task.metrics)
        self._split_train(splits["train"])
        self.predicted = {name: examples for name, examples in splits.items() if name != "train"}

        checkpoint = load_checkpoint(folder, self.kind.auto_class)
        self.max_length = longest_input(checkpoint.config, options.max_length)
        self.precision = resolve_precision(options.precision)
        others = {name: self._load_other(name) for name in options.baseline_model}
        self.cache = ResultCache(
            options.out,
            {
                "task": task.name,
                "columns": [list(names) for names in (*task.columns, task.label)],
                "metrics": list(task.metrics),
                **({"positive": task.positive} if task.positive else {}),
                "train examples": len(self.train),
                "fitting examples": len(self.fitting),
                **self.settings(),
                "max length": self.max_length,
                "precision": self.precision,
                "model": weights_fingerprint(folder),
                "data": {name: examples.fingerprint() for name, examples in splits.items()},
            },
            options.share_baselines,
        )
        self.model = Model(
            "pretrained", options.run.resolve().name, "pretrained", checkpoint, self._tokens(checkpoint), None
        )
        self.other_models = [
            Model(
                "model",
                name,
                f"model-{re.sub(r'[^A-Za-z0-9]+', '-', name).strip('-')}",
                other,
                self._tokens(other),
                {**self.on_texts, **self._on_protocol(), "weights": weights},
            )
            for name, (other, weights) in others.items()
        ]
        report_inputs(self.model.tokens, self.train, self.predicted, self.max_length)

    def _split_train(self, train: LabelledExamples) -> None:
        from nlp_ssl.tasks.splits import nested_order, selection_size

        N = self.options.train_examples or len(train)
        if len(train) < N:
            raise InputError(f"--train-examples {N}: {self.task.name} has only {len(train)} training examples")
        if N < FEWEST_EXAMPLES:
            raise InputError(
                f"{self.task.name} has {len(train)} training examples; at least {FEWEST_EXAMPLES} are required"
            )
        assert train.labels is not None
        chosen = nested_order(len(train), self.kind.strata(train.labels))[:N]
        rest = N - selection_size(N)
        self.train = train.take(chosen)
        """All training examples."""
        self.fitting = train.take(chosen[:rest])
        """The training examples without the selection part."""
        self.selection = train.take(chosen[rest:])
        """The training examples that hyperparameters are chosen on."""
        assert self.fitting.labels is not None
        if (only := self.kind.only_label(self.fitting.labels)) is not None:
            raise InputError(
                f"{self.task.name}: the {rest:,} training examples outside the selection part all have the label "
                f"{only!r}; use more examples"
            )

    def _load_other(self, name: str) -> tuple[Checkpoint, dict[str, str]]:
        """Load a model of --baseline-model, with a fingerprint of its weights."""
        from nlp_ssl.evaluation.checkpoints import load_checkpoint

        folder = model_folder(Path(name)) if Path(name).is_dir() else Path(name)
        weights = weights_fingerprint(folder) if folder.is_dir() else {"hub": name}
        return load_checkpoint(folder, self.kind.auto_class), weights

    def _tokens(self, checkpoint: Checkpoint) -> dict[str, Tokens]:
        from nlp_ssl.evaluation.checkpoints import longest_input
        from nlp_ssl.evaluation.inputs import encode

        length = longest_input(checkpoint.config, self.options.max_length)
        return {name: encode(checkpoint, examples, length) for name, examples in self.inputs().items()}

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """The settings that results depend on, besides task, data, model, maximum length and precision."""

    @abstractmethod
    def inputs(self) -> dict[str, LabelledExamples]:
        """The examples to tokenise, by name: "train", the splits to predict, and others if needed."""

    @abstractmethod
    def network_rows(self, model: Model) -> list[Row]:
        """Score a model; returns its rows of the table."""

    # --- dependencies of cached results ---

    @cached_property
    def on_texts(self) -> dict[str, Any]:
        """Everything that baselines on texts depend on."""
        from nlp_ssl.evaluation.scores import provenance

        texts = {"train": self.train, "fitting": self.fitting, "selection": self.selection, **self.predicted}
        return {
            "kind": self.task.kind,
            "labels": self.kind.labels,
            "metric": self.task.metrics[0],
            **({"positive": self.task.positive} if self.task.positive else {}),
            "texts": {name: examples.fingerprint() for name, examples in texts.items()},
            "versions": provenance()["versions"],
        }

    def _on_protocol(self) -> dict[str, Any]:
        return {
            "command": self.options.command,
            "settings": self.settings(),
            "precision": self.precision,
            "max length": self.options.max_length,
        }

    @cached_property
    def on_random_init(self) -> dict[str, Any]:
        """Everything that results of random initialisation depend on; of the run, only architecture and tokenizer."""
        return {
            **self.on_texts,
            "command": self.options.command,
            "settings": self.settings(),
            "precision": self.precision,
            "architecture": self.model.checkpoint.architecture(),
            "tokens": {name: tokens.fingerprint() for name, tokens in self.model.tokens.items()},
        }

    # --- rows ---

    def result(self) -> dict[str, Any]:
        """Compute the results that are not cached, then print the table and write all files."""
        from nlp_ssl.evaluation.scores import write_result

        rows: list[Row] = []
        if self.options.baselines:
            for name in (*self.kind.baselines, *self.baselines):
                rows += registry.find("baselines", name)().rows(self)
        for model in (*self.other_models, self.model):
            rows += self.network_rows(model)
        if self.cache.done_before:
            say(f"{self.options.out}: all results are cached; nothing was run again")
        used = {"train": self.train, "selection": self.selection, **self.predicted}
        tokens = {name: self.model.tokens[name] for name in ("train", *self.predicted)}
        facts: dict[str, Any] = {
            "run": str(self.options.run),
            "command": command(self.options.command, self.options),
            "examples": {name: len(examples) for name, examples in used.items()},
            "truncated": {name: read.truncated for name, read in tokens.items()},
            "unknown tokens": {name: round(read.unknown, 4) for name, read in tokens.items()},
            "precision": self.precision,
        }
        if self.kind.labels_words:
            facts["words"] = {name: read.units for name, read in tokens.items()}
            facts["words cut off"] = {name: int((~read.covered).sum()) for name, read in tokens.items()}
        return write_result(self.options.out, self.task, self.kind, self.predicted, rows, facts)

    def text_row(self, baseline: TextBaseline) -> Row:
        """Score a baseline on texts; returns its row."""
        from nlp_ssl.evaluation.scores import Row

        cached = self.cache.part(baseline.name, lambda: CachedResult(*baseline.fit(self._baseline_data)), self.on_texts)
        return Row(baseline.name, baseline.title(self.kind), [cached])

    def random_init_rows(self, name: str) -> list[Row]:
        """Score random initialisations of the run's architecture; returns their rows."""
        cached_as, _ = self.options.sample("random_init")
        model = self.model
        return self.network_rows(
            Model("random_init", name, cached_as, model.checkpoint, model.tokens, self.on_random_init)
        )

    @cached_property
    def _baseline_data(self) -> BaselineData:
        from nlp_ssl.tasks.baselines.base import BaselineData

        return BaselineData(self.kind, self.train, self.fitting, self.selection, self.predicted, self.task.metrics[0])

    def selection_score(self, outputs: Array) -> float:
        """The first metric on the selection part, for outputs [units, outputs]."""
        return self.kind.score(self.task.metrics[0], outputs, self.selection)

    def with_cut_words(self, outputs: Array, covered: Array) -> Array:
        """Predict the most frequent tag for truncated words, in outputs [units, outputs] with `covered` [units]."""
        if not covered.all():
            assert self.fitting.labels is not None
            prior = self.kind.prior(self.fitting.labels)
            outputs[~covered] = (prior == prior.max()).astype(outputs.dtype)
        return outputs
