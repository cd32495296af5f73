"""`nlp-ssl finetune`: a pretrained run and a labelled task -> scores beside baselines.

The protocol, the same for the pretrained network and for "the same network, untrained", on the examples that
`nlp_ssl.evaluation.experiment` gives to each:

1. For each learning rate, one network is trained on the examples to choose on, and scored on the held-out part of
   train after every epoch. The best rate and epoch are chosen; ties go to the lower loss.
2. For each seed, a network is trained on all N examples on the same schedule, up to the chosen epoch. The
   seed gives the classifier (and the untrained body), the dropout and the order.
3. The scores are those on dev, and on test where its labels are known, which no choice has seen; the
   differences from the untrained network have an interval over examples and seeds.

What is finished is kept in OUT/parts and never run again: the same command goes on after an interruption,
with more --seeds it adds those. With --share-baselines FOLDER, so are baselines that another command has
left there: those that count words depend on the task and its examples, the untrained network on its architecture,
tokenizer and settings too, and on nothing else of the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import tyro

from nlp_ssl.atomic_io import writing
from nlp_ssl.console import Progress, progress, say, speaks
from nlp_ssl.evaluation.experiment import Experiment, TaskOptions, score_task
from nlp_ssl.evaluation.result_cache import CachedResult

if TYPE_CHECKING:
    from nlp_ssl.evaluation.network import Classifier
    from nlp_ssl.evaluation.scores import Row
    from nlp_ssl.tasks.splits import LabelledExamples


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How every network is fine-tuned."""

    learning_rates: tuple[float, ...] = (5e-5, 2e-4, 8e-4)
    """The peak learning rates to choose from, on a held-out part of train."""
    epochs: int | None = None
    """The most passes over train, of which the best number is chosen; by default 3 (large tasks) to 10 (small)."""
    batch_size: int | None = None
    """Examples in a batch; by default 8 (small tasks) to 32 (large), as few labels are worth many small steps."""


@dataclass(frozen=True, kw_only=True)
class Finetune(Protocol, TaskOptions):
    """Fine-tune a pretrained model on a labelled task, and score it beside baselines."""

    command: ClassVar = "finetune"

    out: Path
    """Folder for scores, predictions and the fine-tuned model."""
    seeds: int = 3
    """Networks that are trained; scores are reported with their spread."""
    baselines: bool = True
    """Also score the majority class, TF-IDF with a linear model, and the same network untrained."""

    def rules(self) -> list[tuple[bool, str]]:
        """What has to hold, each with the sentence for where it does not."""
        return [
            *super().rules(),
            (self.epochs is None or self.epochs >= 1, f"--epochs {self.epochs}: at least 1"),
            (self.batch_size is None or self.batch_size >= 1, f"--batch-size {self.batch_size}: at least 1"),
            (
                bool(self.learning_rates) and all(rate > 0 for rate in self.learning_rates),
                f"--learning-rates {' '.join(map(str, self.learning_rates))}: one or more, all above 0",
            ),
        ]


def main(arguments: Sequence[str]) -> int:
    """The command."""
    finetune(tyro.cli(Finetune, prog="nlp-ssl finetune", args=list(arguments)))
    return 0


def finetune(options: Finetune) -> dict[str, Any]:
    """Fine-tune, print the table and write OUT; returns what is in OUT/scores.json.

    InputError for options, data or a model that cannot be used, before anything is written.
    """
    return score_task(_Finetuning, options)


def usual_epochs(train_examples: int) -> int:
    """The most passes over so many examples where none are asked for."""
    return min(max(round(30_000 / train_examples), 3), 10)


def usual_batch_size(train_examples: int) -> int:
    """Examples in a batch of a task with so many where nothing is asked for: 125 steps an epoch, or more of 32."""
    return min(max(train_examples // 125, 8), 32)


def best_of(tried: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Of what was tried the one with the highest `score` on held-out examples, of equals that of the lowest `loss`."""
    return max(tried, key=lambda t: (t["score"], -t["loss"]))


class _Finetuning(Experiment[Finetune]):
    """Networks that are trained whole."""

    @cached_property
    def epochs(self) -> int:
        """Of the schedule."""
        return self.options.epochs or usual_epochs(len(self.train))

    @cached_property
    def batch_size(self) -> int:
        """Examples in a batch."""
        return self.options.batch_size or usual_batch_size(len(self.train))

    def settings(self) -> dict[str, Any]:
        return {
            "learning rates": list(self.options.learning_rates),
            "epochs": self.epochs,
            "batch size": self.batch_size,
        }

    def inputs(self) -> dict[str, LabelledExamples]:
        return {"train": self.train, "choose": self.to_choose_on, "held-out": self.held_out, **self.predicted}

    def networks(self, kind: Literal["pretrained", "untrained"], name: str) -> list[Row]:
        from nlp_ssl.evaluation.scores import Row

        on = self.on_untrained if kind == "untrained" else None
        called, start = self.options.sample(kind)
        choice = self.parts.part(f"{called}-choice", lambda: self._choose(kind, start), on).facts
        parts = [
            self.parts.part(f"{called}-seed{s}", lambda s=s: self._refit(kind, choice, start + s), on)  # type: ignore[misc]
            for s in range(1, self.options.seeds + 1)
        ]
        return [Row(kind, name, parts, method="finetune")]

    def _choose(self, kind: str, seed: int) -> CachedResult:
        tried: list[dict[str, Any]] = []
        total = len(self.options.learning_rates) * self.epochs * len(self.to_choose_on)
        with progress(f"{kind}: choose", total, "examples") as job:
            for rate in self.options.learning_rates:
                model = self._fresh(kind, seed)
                for epoch in self._train(model, "choose", self.to_choose_on, rate, seed, job):
                    outputs = model.predict(self.tokens["held-out"])
                    figures = {"score": self.held_out_score(outputs), "loss": self._held_out_loss(outputs)}
                    tried.append({"learning_rate": rate, "epochs": epoch, **figures})
        best = best_of(tried)
        rates = self.options.learning_rates
        ends = {max(rates): "the highest tried, a higher one may do better", min(rates): "the lowest tried"}
        remark = f" ({ends[best['learning_rate']]})" if len(rates) > 1 and best["learning_rate"] in ends else ""
        say(
            f"{kind}: chose learning rate {best['learning_rate']:g}{remark} "
            f"and {best['epochs']} of {self.epochs} epochs"
        )
        return CachedResult({}, {"learning_rate": best["learning_rate"], "epochs": best["epochs"], "tried": tried})

    def _refit(self, kind: str, choice: dict[str, Any], seed: int) -> CachedResult:
        model = self._fresh(kind, seed)
        with progress(f"{kind}: seed {seed}", choice["epochs"] * len(self.train), "examples") as job:
            for epoch in self._train(model, "train", self.train, choice["learning_rate"], seed, job):
                if epoch == choice["epochs"]:
                    break
        if kind == "pretrained" and seed == 1 and speaks():
            with writing(self.options.out / "model") as beside:
                model.save(beside)
        outputs = {split: model.predict(self.tokens[split]) for split in self.predicted}
        return CachedResult(outputs, {**choice, "seed": seed})

    def _fresh(self, kind: str, seed: int) -> Classifier:
        from nlp_ssl.evaluation.network import Classifier

        return Classifier(self.checkpoint, kind == "pretrained", self.labels, seed, self.precision)

    def _train(
        self, model: Classifier, tokens: str, examples: LabelledExamples, rate: float, seed: int, job: Progress
    ) -> Iterator[int]:
        from nlp_ssl.evaluation.network import Training

        assert examples.labels is not None
        training = Training(learning_rate=rate, epochs=self.epochs, batch_size=self.batch_size, seed=seed)
        return model.train(self.tokens[tokens], examples.labels, training, job.advance)

    def _held_out_loss(self, outputs: Any) -> float:
        """Cross-entropy in nats, or the mean squared error."""
        import numpy as np
        from scipy.special import log_softmax

        gold = self.held_out.labels
        assert gold is not None
        if not self.labels:
            return float(np.mean((outputs[:, 0] - gold) ** 2))
        return float(-log_softmax(outputs, axis=1)[np.arange(len(gold)), gold].mean())
