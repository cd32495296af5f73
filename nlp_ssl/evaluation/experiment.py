"""The common base of fine-tuning and probing: examples, models, baselines and results.

Network i learns from the i-th draw of N training examples (`nlp_ssl.tasks.draws`), the same for every model, method
and baseline; there is one draw if N is all of train. The last tenth of a draw is its selection part: hyperparameters
are chosen by the scores on it of models fitted to the rest. The reported scores are on dev, on dev extended by the
training examples that no draw has, and on test if it has labels. They are used for no choice.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from nlp_ssl import registry
from nlp_ssl.console import say
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.options import FEWEST_EXAMPLES, TaskOptions
from nlp_ssl.evaluation.result_cache import PROTOCOL, CachedResult, ResultCache, command, weights_fingerprint
from nlp_ssl.evaluation.scored_model import ScoredModel
from nlp_ssl.models.folder import model_folder
from nlp_ssl.tasks.declaration import Task
from nlp_ssl.versions import versions

if TYPE_CHECKING:
    from nlp_ssl.evaluation.checkpoints import Checkpoint
    from nlp_ssl.evaluation.inputs import Tokens
    from nlp_ssl.evaluation.scores import Row
    from nlp_ssl.tasks.baselines.base import TextBaseline
    from nlp_ssl.tasks.draws import Draw
    from nlp_ssl.tasks.kinds.base import Array, TaskKind
    from nlp_ssl.tasks.splits import LabelledExamples

Options = TypeVar("Options", bound=TaskOptions)


class Experiment(ABC, Generic[Options]):
    """Base of fine-tuning and probing: data, cached results and scores of one command."""

    baselines: tuple[str, ...] = ("random_init",)
    """Baselines, by name in the registry, besides those of the task."""
    learns_to_write: bool = False
    """Whether the command scores tasks in which a model writes a text."""

    def __init__(
        self, options: Options, task: Task, folder: Path, labels: tuple[str, ...], splits: dict[str, LabelledExamples]
    ) -> None:
        from nlp_ssl.evaluation.checkpoints import load_checkpoint
        from nlp_ssl.evaluation.inputs import report_inputs
        from nlp_ssl.models.architectures import longest_input
        from nlp_ssl.runtime import resolve_precision

        self.options, self.task = options, task
        balanced = options.class_weights == "balanced"
        self.kind: TaskKind = task.kind_type(labels, task.positive, balanced)
        self.kind.check_metrics(task.name, task.metrics)
        if self.kind.writes_text and not self.learns_to_write:
            raise InputError(
                f"--task {task.name}: its labels are texts to write, which {options.command} cannot score; use finetune"
            )
        if balanced and not self.kind.one_class:
            raise InputError(
                f"--class-weights balanced: {task.name} is {task.kind}, which has no single class to weigh"
            )
        self.predicted = {name: examples for name, examples in splits.items() if name != "train"}
        """The examples to predict, by split."""
        self._draw(splits["train"])

        checkpoint = load_checkpoint(folder, self.kind.auto_class)
        self.max_length = longest_input(checkpoint.config, options.max_length)
        self.precision = resolve_precision(options.precision)
        tokens = self._tokens(checkpoint)
        report_inputs(tokens, self.draws[0].train, self.predicted, self.max_length)
        others = {name: self._load_other(name) for name in options.baseline_model}
        self.cache = ResultCache(
            options.out,
            {
                "protocol": PROTOCOL,
                "task": task.name,
                "columns": [list(names) for names in (*task.columns, task.label)],
                "metrics": list(task.metrics),
                **({"positive": task.positive} if task.positive else {}),
                "train examples": len(self.draws[0].train),
                "fitting examples": len(self.draws[0].fitting),
                "class weights": options.class_weights,
                **self.settings(),
                "max length": self.max_length,
                "precision": self.precision,
                "model": weights_fingerprint(folder),
                "data": {name: examples.fingerprint() for name, examples in splits.items()},
            },
            options.share_baselines,
        )
        self.model = ScoredModel("pretrained", options.run.resolve().name, "pretrained", checkpoint, tokens, None)
        self.other_models = [
            ScoredModel(
                "model",
                name,
                f"model-{re.sub(r'[^A-Za-z0-9]+', '-', name).strip('-')}",
                other,
                self._tokens(other),
                lambda seed, weights=weights: {**self.on_texts(seed), **self._on_protocol(), "weights": weights},  # type: ignore[misc]
            )
            for name, (other, weights) in others.items()
        ]

    def _draw(self, train: LabelledExamples) -> None:
        from nlp_ssl.tasks.draws import UNUSED, draw_examples

        N = self.options.train_examples or len(train)
        if len(train) < N:
            raise InputError(f"--train-examples {N}: {self.task.name} has only {len(train)} training examples")
        if N < FEWEST_EXAMPLES:
            raise InputError(
                f"{self.task.name} has {len(train)} training examples; at least {FEWEST_EXAMPLES} are required"
            )
        assert train.labels is not None
        self.draws, unused = draw_examples(train, self.kind.strata(train.labels), N, self.options.seeds)
        """The training examples of each seed; one draw for all seeds if they are all of train."""
        self.drawn = unused is not None
        """Whether each seed has its own draw, so that models without random weights also vary with the seed."""
        if unused is not None and self.task.dev_extends:
            self.predicted[UNUSED] = unused
        for draw in self.draws:
            assert draw.fitting.labels is not None
            if (only := self.kind.only_label(draw.fitting.labels)) is not None:
                raise InputError(
                    f"{self.task.name}: the {len(draw.fitting):,} training examples outside the selection part all "
                    f"have the label {only!r}; use more examples"
                )

    def draw(self, seed: int) -> Draw:
        """The training examples of the seed 1, 2, …"""
        return self.draws[min(seed, len(self.draws)) - 1]

    def train_name(self, seed: int) -> str:
        """The name of a seed's training examples among the inputs."""
        return "train" if len(self.draws) == 1 or seed == 1 else f"train{seed}"

    @property
    def seeds(self) -> list[int]:
        """The seeds 1, 2, …"""
        return list(range(1, self.options.seeds + 1))

    def trains(self) -> dict[str, LabelledExamples]:
        """The training examples of all draws, by their name among the inputs."""
        return {self.train_name(seed): draw.train for seed, draw in enumerate(self.draws, 1)}

    def _load_other(self, name: str) -> tuple[Checkpoint, dict[str, str]]:
        """Load a model of --baseline-model, with a fingerprint of its weights."""
        from nlp_ssl.evaluation.checkpoints import load_checkpoint

        folder = model_folder(Path(name)) if Path(name).is_dir() else Path(name)
        weights = weights_fingerprint(folder) if folder.is_dir() else {"hub": name}
        return load_checkpoint(folder, self.kind.auto_class), weights

    def _tokens(self, checkpoint: Checkpoint) -> dict[str, Tokens]:
        from nlp_ssl.evaluation.inputs import encode
        from nlp_ssl.models.architectures import longest_input

        length = longest_input(checkpoint.config, self.options.max_length)
        return {name: encode(checkpoint, examples, length) for name, examples in self.inputs().items()}

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """The settings that results depend on, besides task, data, model, maximum length and precision."""

    @abstractmethod
    def inputs(self) -> dict[str, LabelledExamples]:
        """The examples to tokenise, by name: `trains()`, the splits to predict, and others if needed."""

    @abstractmethod
    def network_rows(self, model: ScoredModel) -> list[Row]:
        """Score a model; returns its rows of the table."""

    # --- dependencies of cached results ---

    def on_texts(self, seed: int) -> dict[str, Any]:
        """Everything that baselines on texts depend on, for the draw of a seed."""
        texts = {**vars(self.draw(seed)), **self.predicted}
        return {
            "protocol": PROTOCOL,
            "kind": self.task.kind,
            "labels": self.kind.labels,
            "class weights": self.options.class_weights,
            "metric": self.task.metrics[0],
            **({"positive": self.task.positive} if self.task.positive else {}),
            "texts": {name: examples.fingerprint() for name, examples in texts.items()},
            "versions": versions(),
        }

    def _on_protocol(self) -> dict[str, Any]:
        return {
            "command": self.options.command,
            "settings": self.settings(),
            "precision": self.precision,
            "max length": self.options.max_length,
        }

    def on_random_init(self, seed: int) -> dict[str, Any]:
        """Everything that results of random initialisation depend on; of the run, only architecture and tokenizer."""
        names = ("train", self.train_name(seed), *self.predicted)
        return {
            **self.on_texts(seed),
            "command": self.options.command,
            "settings": self.settings(),
            "precision": self.precision,
            "architecture": self.model.checkpoint.architecture(),
            "tokens": {name: self.model.tokens[name].fingerprint() for name in names},
        }

    # --- rows ---

    def result(self) -> dict[str, Any]:
        """Compute the results that are not cached, then print the table and write all files."""
        from nlp_ssl.evaluation.scores import write_result
        from nlp_ssl.tasks.draws import scored_splits

        rows = self.rows()
        scored = scored_splits(self.predicted, self.draws)
        return write_result(self.options.out, self.task, self.kind, self.predicted, scored, rows, self.facts())

    def rows(self) -> list[Row]:
        """The rows of the table; results that are not cached are computed."""
        rows: list[Row] = []
        if self.options.baselines:
            for name in (*self.task.baselines, *self.baselines):
                rows += registry.find("baselines", name)().rows(self)
        for model in (*self.other_models, self.model):
            rows += self.network_rows(model)
        if self.cache.done_before:
            say(f"{self.options.out}: all results are cached; nothing was run again")
        return rows

    def facts(self) -> dict[str, Any]:
        """Facts about the examples and the run, for scores.json."""
        first = self.draws[0]
        used = {"train": first.train, "selection": first.selection, **self.predicted}
        tokens = {name: self.model.tokens[name] for name in ("train", *self.predicted)}
        facts: dict[str, Any] = {
            "run": str(self.options.run),
            "command": command(self.options.command, self.options),
            "examples": {name: len(examples) for name, examples in used.items()},
            "truncated": {name: read.truncated for name, read in tokens.items()},
            "unknown tokens": {name: round(read.unknown, 4) for name, read in tokens.items()},
            "precision": self.precision,
        }
        if (written := tokens["train"].targets) is not None:
            facts["truncated texts to write"] = written.truncated
        if self.kind.labels_words:
            facts["words"] = {name: read.units for name, read in tokens.items()}
            facts["words cut off"] = {name: int((~read.covered).sum()) for name, read in tokens.items()}
        return facts

    def text_row(self, baseline: TextBaseline) -> Row:
        """Score a baseline on texts, for each draw; returns its row."""
        from nlp_ssl.evaluation.scores import Row

        seeds: list[int | None] = [*self.seeds] if self.drawn else [None]
        return Row(baseline.name, baseline.title(self.kind), [self._fitted(baseline, seed) for seed in seeds], seeds)

    def _fitted(self, baseline: TextBaseline, seed: int | None) -> CachedResult:
        """The result of a baseline on texts for the draw of a seed, by default the only one."""
        from nlp_ssl.tasks.baselines.base import BaselineData

        draw = self.draw(seed or 1)
        data = BaselineData(self.kind, draw.train, draw.fitting, draw.selection, self.predicted, self.task.metrics[0])
        name = baseline.name if seed is None else f"{baseline.name}-seed{seed}"
        return self.cache.part(name, lambda: CachedResult(*baseline.fit(data)), self.on_texts(seed or 1))

    def random_init_rows(self, name: str) -> list[Row]:
        """Score random initialisations of the run's architecture; returns their rows."""
        cached_as, _ = self.options.sample("random_init")
        model = self.model
        return self.network_rows(
            ScoredModel("random_init", name, cached_as, model.checkpoint, model.tokens, self.on_random_init)
        )

    def selection_score(self, outputs: Array, draw: Draw) -> float:
        """The first metric on the selection part of a draw, for outputs [units, outputs]."""
        return self.kind.score(self.task.metrics[0], outputs, draw.selection)

    def with_cut_words(self, outputs: Array, covered: Array, draw: Draw) -> Array:
        """Predict the draw's most frequent tag for truncated words; `outputs` [units, outputs], `covered` [units]."""
        if not covered.all():
            assert draw.fitting.labels is not None
            prior = self.kind.prior(draw.fitting.labels)
            outputs[~covered] = (prior == prior.max()).astype(outputs.dtype)
        return outputs
