"""`nlp-ssl finetune`: fine-tune a pretrained model on a labelled task and score it beside baselines.

The protocol is the same for the pretrained model, random initialisation and every `--baseline-model`. The examples are
described in `nlp_ssl.evaluation.experiment`.

1. For each learning rate, a model is trained on the fitting examples and scored on the selection part after every
   epoch. The best learning rate and number of epochs are chosen; ties go to the lower loss.
2. For each seed, a model is trained on all N examples with the same schedule for the chosen number of epochs, and
   scored. The choice is made once, on the first draw of training examples.

Finished results are kept in OUT/parts and never computed again. After an interruption, the same command continues; a
larger --seeds adds to the results. With --share-baselines FOLDER, baselines are also read from and stored in that
folder. Baselines on texts depend on the task and its examples; random initialisation depends also on architecture,
tokenizer and settings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from nlp_ssl.atomic_io import write_text, writing
from nlp_ssl.checksums import seal
from nlp_ssl.console import Progress, progress, say, speaks
from nlp_ssl.evaluation.experiment import Experiment
from nlp_ssl.evaluation.options import TaskOptions, task_notes
from nlp_ssl.evaluation.result_cache import CachedResult
from nlp_ssl.evaluation.score_task import score_task
from nlp_ssl.evaluation.scored_model import ScoredModel
from nlp_ssl.options import parse

if TYPE_CHECKING:
    from nlp_ssl.evaluation.inputs import Tokens
    from nlp_ssl.evaluation.network import Network
    from nlp_ssl.evaluation.saved_classifier import LearnedTask
    from nlp_ssl.evaluation.scores import Row
    from nlp_ssl.tasks.draws import Draw
    from nlp_ssl.tasks.kinds.base import Array
    from nlp_ssl.tasks.splits import LabelledExamples


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How every network is fine-tuned."""

    learning_rates: tuple[float, ...] = (5e-5, 2e-4, 8e-4)
    """Peak learning rates to choose from, by scores on a part of train that is held out."""
    epochs: int | None = None
    """Maximum number of epochs; the best number is chosen. Defaults to 3 (large tasks) to 10 (small tasks)."""
    batch_size: int | None = None
    """Examples in a batch. Defaults to 8 (small tasks) to 32 (large tasks)."""


@dataclass(frozen=True, kw_only=True)
class Finetune(Protocol, TaskOptions):
    """Fine-tune a pretrained model on a labelled task, and score it beside baselines."""

    command: ClassVar = "finetune"

    out: Path
    """Folder for scores, predictions and the fine-tuned model of the first seed."""
    seeds: int = 3
    """Number of networks to train; scores are reported with their standard deviation."""
    baselines: bool = True
    """Also score simple baselines and random initialisation."""

    def rules(self) -> list[tuple[bool, str]]:
        """Conditions on the options, each with the error message for when it is violated."""
        return [
            *super().rules(),
            (
                self.epochs is None or 1 <= self.epochs <= 1000,
                f"--epochs is {self.epochs}: it must lie in 1..1000",
            ),
            (
                self.batch_size is None or self.batch_size >= 1,
                f"--batch-size is {self.batch_size}: it must be at least 1",
            ),
            (
                bool(self.learning_rates) and all(rate > 0 for rate in self.learning_rates),
                f"--learning-rates {' '.join(map(str, self.learning_rates))}: one or more, all above 0",
            ),
        ]


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    run(arguments)
    return 0


def run(arguments: Sequence[str]) -> dict[str, Any]:
    """Fine-tune by the words of a command line. Returns the content of OUT/scores.json. Raises InputError."""
    return finetune(parse(Finetune, "finetune", arguments, notes=task_notes))


def finetune(options: Finetune) -> dict[str, Any]:
    """Fine-tune, print the table and write OUT. Returns the content of OUT/scores.json.

    Raises InputError for unusable options, data or models, before anything is written.
    """
    return score_task(_Finetuning, options)


def usual_epochs(train_examples: int) -> int:
    """The default maximum number of epochs."""
    return min(max(round(30_000 / train_examples), 3), 10)


def usual_batch_size(train_examples: int) -> int:
    """The default batch size: from 8 to 32, for about 125 steps in an epoch."""
    return min(max(train_examples // 125, 8), 32)


def best_of(tried: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The trial with the highest `score` on the selection part; ties go to the lowest `loss`."""
    return max(tried, key=lambda t: (t["score"], -t["loss"]))


class _Finetuning(Experiment[Finetune]):
    """Fine-tuning of all weights."""

    learns_to_write = True

    @cached_property
    def epochs(self) -> int:
        """The number of epochs of the schedule."""
        return self.options.epochs or usual_epochs(len(self.draws[0].train))

    @cached_property
    def batch_size(self) -> int:
        """The number of examples in a batch."""
        return self.options.batch_size or usual_batch_size(len(self.draws[0].train))

    def settings(self) -> dict[str, Any]:
        return {
            "learning rates": list(self.options.learning_rates),
            "epochs": self.epochs,
            "batch size": self.batch_size,
        }

    def inputs(self) -> dict[str, LabelledExamples]:
        return {**vars(self.draws[0]), **self.trains(), **self.predicted}

    def result(self) -> dict[str, Any]:
        """Compute, print and write everything, then the card of the saved model."""
        found = super().result()
        folder = self.options.out / "model"
        if speaks() and folder.is_dir():
            from nlp_ssl.evaluation.card import model_card

            card = model_card(found, self.task, self.kind, self.model.checkpoint, self.max_length)
            write_text(folder / "README.md", card)
        return found

    def network_rows(self, model: ScoredModel) -> list[Row]:
        from nlp_ssl.evaluation.scores import Row

        _, start = self.options.sample(model.key)
        choice = self.cache.part(f"{model.cached_as}-choice", lambda: self._choose(model, start), model.shared_by(1))
        results = [
            self.cache.part(
                f"{model.cached_as}-seed{s}", partial(self._refit, model, choice.facts, start, s), model.shared_by(s)
            )
            for s in self.seeds
        ]
        return [Row(model.key, model.name, results, [*self.seeds], method="finetune")]

    def _choose(self, model: ScoredModel, seed: int) -> CachedResult:
        """Choose the learning rate and number of epochs on the selection part."""
        tried: list[dict[str, Any]] = []
        draw = self.draws[0]
        total = len(self.options.learning_rates) * self.epochs * len(draw.fitting)
        assert draw.selection.labels is not None
        with progress(f"{model.name}: choose", total, "examples") as job:
            for rate in self.options.learning_rates:
                network = self._fresh(model, seed)
                for epoch in self._train(network, model.tokens["fitting"], draw.fitting, rate, seed, job):
                    outputs = self._predict(network, model.tokens["selection"], draw)
                    loss = self.kind.selection_loss(outputs, draw.selection.labels)
                    score = self.selection_score(outputs, draw)
                    tried.append({"learning_rate": rate, "epochs": epoch, "score": score, "loss": loss})
        best = best_of(tried)
        rates = self.options.learning_rates
        ends = {max(rates): "the highest tried; a higher one may do better", min(rates): "the lowest tried"}
        note = f" ({ends[best['learning_rate']]})" if len(rates) > 1 and best["learning_rate"] in ends else ""
        say(
            f"{model.name}: chose learning rate {best['learning_rate']:g}{note} "
            f"and {best['epochs']} of {self.epochs} epochs"
        )
        return CachedResult({}, {"learning_rate": best["learning_rate"], "epochs": best["epochs"], "tried": tried})

    def _refit(self, model: ScoredModel, choice: dict[str, Any], start: int, s: int) -> CachedResult:
        """Train on all N examples of draw s and predict. The network's seed is `start` + s."""
        seed, draw, tokens = start + s, self.draw(s), model.tokens[self.train_name(s)]
        network = self._fresh(model, seed)
        with progress(f"{model.name}: seed {seed}", choice["epochs"] * len(draw.train), "examples") as job:
            rate = choice["learning_rate"]
            for epoch in self._train(network, tokens, draw.train, rate, seed, job):
                if epoch == choice["epochs"]:
                    break
        outputs = {split: self._predict(network, model.tokens[split], draw) for split in self.predicted}
        if model is self.model and seed == 1 and speaks() and self.options.folds is None:
            from nlp_ssl.evaluation.saved_classifier import write_task

            with writing(self.options.out / "model") as beside:
                network.save(beside, self.max_length)
                write_task(beside, self._learned(draw))
                seal(beside)
        return CachedResult(outputs, {**choice, "seed": seed})

    def _learned(self, draw: Draw) -> LearnedTask:
        from nlp_ssl.evaluation.saved_classifier import LearnedTask

        usual = ""
        if self.kind.labels_words:
            assert draw.fitting.labels is not None
            usual = self.kind.labels[int(self.kind.prior(draw.fitting.labels).argmax())]
        task = self.task
        return LearnedTask(task.kind, task.columns, task.label, task.labels, task.header, usual)

    def _fresh(self, model: ScoredModel, seed: int) -> Network:
        from accelerate.utils import release_memory

        from nlp_ssl.evaluation import classifier, seq2seq

        release_memory()  # of the previous network
        start, tokenizer = model.checkpoint, model.checkpoint.tokenizer
        if self.kind.writes_text:
            writer = seq2seq.build(start, model.pretrained, seed)
            return seq2seq.Seq2Seq(writer, tokenizer, self.kind, self.precision)
        network = classifier.build(start, model.pretrained, self.kind, seed)
        return classifier.Classifier(network, tokenizer, self.kind, self.precision)

    def _predict(self, network: Network, tokens: Tokens, draw: Draw) -> Array:
        return self.with_cut_words(network.predict(tokens), tokens.covered, draw)

    def _train(
        self, network: Network, tokens: Tokens, examples: LabelledExamples, rate: float, seed: int, job: Progress
    ) -> Iterator[int]:
        from nlp_ssl.evaluation.network import Training

        assert examples.labels is not None
        training = Training(learning_rate=rate, epochs=self.epochs, batch_size=self.batch_size, seed=seed)
        return network.train(tokens, examples.labels, training, job.advance)
