"""Validation batches and metrics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list, send_to_device

from nlp_ssl.console import warn
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import InputError
from nlp_ssl.heads.base import LossSum
from nlp_ssl.heads.metrics import extra_metrics
from nlp_ssl.objectives._denoising import can_be_copied
from nlp_ssl.objectives.mixture import Loss, Mixture
from nlp_ssl.recipe import Recipe
from nlp_ssl.runtime import make_accelerator, resolve_precision
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.batches import Batches
from nlp_ssl.sampling.examples import ExampleIndex, TokenStream
from nlp_ssl.sampling.targets import NO_LABEL, Ints, RowTargets, SequenceTargets, Targets, TokenTargets
from nlp_ssl.training.collate import Inputs, collate
from nlp_ssl.training.model import PretrainingModel, model_config
from nlp_ssl.training.pretrain import usable_examples
from nlp_ssl.training.step import gather_loss, keyed_generator


@dataclass(frozen=True)
class Validation:
    """The batches of an evaluation: the first `steps` steps of `batches`."""

    batches: Batches
    steps: int
    bytes_per_token: float
    """UTF-8 bytes per text token in the validation split."""
    bytes_per_unknown: float
    """Mean UTF-8 bytes of the text that an unknown token stands for."""


def make_batches(
    options: Recipe,
    text: TokenStream,
    examples: ExampleIndex,
    vocabulary: Vocabulary,
    seed: int,
    accelerator: Accelerator,
) -> Batches:
    """This process's share of the batches of `examples`."""
    return Batches(
        text,
        examples,
        vocabulary,
        options.mixture,
        seed=seed,
        tokens=options.batch.tokens,
        accumulation=options.batch.accumulation,
        rank=accelerator.process_index,
        processes=accelerator.num_processes,
    )


def make_validation(
    options: Recipe, corpus: Corpus, vocabulary: Vocabulary, accelerator: Accelerator
) -> Validation | None:
    """The validation batches, or None with a warning if the split has no usable examples.

    They depend on the corpus, the objectives and the batch shape, but not on the run's seed.
    """
    try:
        text, examples = usable_examples(corpus, vocabulary, "validation", options)
    except InputError as error:
        warn(f"no validation metrics: {error}")
        return None
    batches = make_batches(options, text, examples, vocabulary, 0, accelerator)
    steps = math.ceil(options.evaluation_tokens / (examples.length.sum() / len(batches)))
    counts = corpus.counts["validation"]
    of_unknown = counts.unknown_bytes / max(counts.unknown, 1)
    return Validation(batches, min(steps, len(batches)), counts.bytes / counts.tokens, of_unknown)


@torch.no_grad()
def evaluate(
    network: torch.nn.Module, validation: Validation, mixture: Mixture, accelerator: Accelerator
) -> dict[str, float]:
    """The validation loss in nats per target, and the metrics of each loss.

    With several losses, "loss" is their weighted sum and other metrics are prefixed with the loss's name.
    """
    device, vocabulary = accelerator.device, validation.batches.vocabulary
    model: PretrainingModel = accelerator.unwrap_model(network)
    totals = {name: _Totals(loss, vocabulary, device) for name, loss in mixture.losses.items()}
    counts = torch.zeros(2 + len(totals), dtype=torch.float64, device=device)
    network.eval()
    for step in range(validation.steps):
        group, vectors = [], {name: list[torch.Tensor]() for name in model.batch_losses}
        for micro, batch in enumerate(validation.batches[step]):
            inputs = send_to_device(collate(batch, mixture, vocabulary), device)
            generator = keyed_generator(device, "validation", step, accelerator.process_index, micro)
            for name, of_loss in totals.items():
                with accelerator.autocast():
                    of_loss.add_extra(step, model, name, batch, inputs, vocabulary)
                of_loss.add_targets(batch.ids, batch.targets[name])
            found = network(inputs, generator)
            for name, of_loss in totals.items():
                if name in vectors:
                    vectors[name].append(found[name])
                else:
                    of_loss.add(found[name])
            counts += inputs["counts"]
            group.append(inputs)
        for name, of_rows in vectors.items():
            whole = gather_loss(model, name, of_rows, group, accelerator)
            if accelerator.is_main_process:  # equal on every process
                totals[name].add(whole.sum)
    network.train()
    counts = accelerator.reduce(counts, "sum").cpu()
    text_bytes = float(counts[0]) * validation.bytes_per_token
    of_losses = {}
    for (name, of_loss), count in zip(totals.items(), counts[2:].tolist(), strict=True):
        of_losses[name] = of_loss.metrics(accelerator, count, text_bytes, validation.bytes_per_unknown)
    return by_loss(of_losses, mixture)


class _Totals:
    """Running sums of one loss over an evaluation, float64, on the device."""

    def __init__(self, loss: Loss, vocabulary: Vocabulary, device: torch.device) -> None:
        self.loss = torch.zeros((), dtype=torch.float64, device=device)
        self.of_head: dict[str, torch.Tensor] = {}  # metric -> [sum, count]
        self.by_class = torch.zeros(len(loss.classes(vocabulary)), dtype=torch.float64, device=device)
        self.copied = torch.zeros((), dtype=torch.float64, device=device)
        self.unknown = torch.zeros((), dtype=torch.float64, device=device)
        self.unknown_id = vocabulary.unk
        self.from_source = self.next_token = False
        self.extra = extra_metrics(loss)
        names = self.extra.names if self.extra is not None else ()
        self.of_extra = torch.zeros(len(names), 2, dtype=torch.float64, device=device)

    def add(self, found: LossSum) -> None:
        """Add a head's loss and metrics."""
        self.loss += found.sum
        for name, pair in found.metrics.items():
            zeros = torch.zeros(2, dtype=torch.float64, device=self.loss.device)
            self.of_head[name] = self.of_head.get(name, zeros) + torch.stack([value.double() for value in pair])

    def add_targets(self, ids: Ints, targets: Targets) -> None:
        """Count class frequencies and copyable tokens for the baselines, and unknown tokens for bits per byte."""
        if isinstance(targets, RowTargets) and len(self.by_class):
            labels = targets.labels[targets.labels != NO_LABEL]
            counts = np.bincount(labels, minlength=len(self.by_class))
            self.by_class += torch.from_numpy(counts).to(self.by_class.device)
        if isinstance(targets, SequenceTargets) and targets.from_source:
            self.from_source = True
            self.copied += int(np.count_nonzero(can_be_copied(ids, targets.tokens)))
        if isinstance(targets, TokenTargets):
            self.next_token = targets.next_token
            self.unknown += int(np.count_nonzero(targets.labels == self.unknown_id))

    def add_extra(
        self, step: int, model: PretrainingModel, name: str, batch: Batch, inputs: Inputs, vocabulary: Vocabulary
    ) -> None:
        """Add the objective's extra metrics for a micro-batch."""
        if self.extra is not None and (self.extra.steps is None or step < self.extra.steps):
            self.of_extra += self.extra.measure(model, name, batch, inputs, vocabulary).to(self.of_extra.device)

    def metrics(
        self, accelerator: Accelerator, count: float, text_bytes: float, bytes_per_unknown: float
    ) -> dict[str, float]:
        """The metrics over all processes, for `count` targets in texts of `text_bytes` bytes."""
        n = max(count, 1.0)  # an alternating objective with a small share may have no example
        loss = float(accelerator.reduce(self.loss, "sum"))
        metrics = {"loss": loss / n}
        for name in self._agreed(accelerator):
            zeros = torch.zeros(2, dtype=torch.float64, device=self.loss.device)
            total, of = accelerator.reduce(self.of_head.get(name, zeros), "sum").tolist()
            metrics[name] = total / max(of, 1.0)
        if len(self.by_class):
            metrics["majority"] = float(accelerator.reduce(self.by_class, "sum").max()) / n
        if self.from_source:
            metrics["accuracy_by_copying"] = float(accelerator.reduce(self.copied, "sum")) / n
        if self.next_token:
            unknown = float(accelerator.reduce(self.unknown, "sum")) * bytes_per_unknown
            metrics["bits_per_byte"] = bits_per_byte(loss, text_bytes, unknown)
        if self.extra is not None:
            totals = accelerator.reduce(self.of_extra, "sum").tolist()
            metrics |= {key: total / of for key, (total, of) in zip(self.extra.names, totals, strict=True) if of}
        return metrics | {"validation_targets": count}

    def _agreed(self, accelerator: Accelerator) -> list[str]:
        """Metric names of the main process, which alone has those of whole-batch losses."""
        names: list[str] = broadcast_object_list([list(self.of_head)])[0] if accelerator.num_processes > 1 else []
        return names or list(self.of_head)


def bits_per_byte(nats: float, text_bytes: float, unknown_bytes: float) -> float:
    """The length of a code for the text, per byte: a model's summed loss, and 8 bits for each byte of unknown tokens.

    Without the latter, a vocabulary that replaces rare words by the unknown token would look better for it.
    """
    return (nats / math.log(2) + 8 * unknown_bytes) / text_bytes


def by_loss(of_losses: dict[str, dict[str, float]], mixture: Mixture) -> dict[str, float]:
    """Merge the metrics of each loss. With several losses, add their weighted sum and prefix names with the loss's."""
    if len(of_losses) == 1:
        (figures,) = of_losses.values()
        return figures
    loss = sum(loss.weight * of_losses[name]["loss"] for name, loss in mixture.losses.items())
    return {"loss": loss} | {
        f"{name} {key}": value for name, found in of_losses.items() for key, value in found.items()
    }


def format_metrics(figures: dict[str, float]) -> str:
    """Format validation metrics for the console."""
    shown = {key.replace("_", " "): value for key, value in figures.items() if "validation_targets" not in key}
    return "  ".join(f"{key} {value:.4f}" for key, value in shown.items())


def of_saved(
    folder: Path, trained: Recipe, asked: Recipe, heads: Mapping[str, str], corpus: Corpus, vocabulary: Vocabulary
) -> dict[str, float]:
    """Validation metrics of a saved model on the losses of `asked`.

    `heads` maps each loss of `asked` to the loss of `trained` whose head predicts it. InputError if the validation
    split has no usable examples.
    """
    accelerator = make_accelerator(resolve_precision(trained.precision))
    validation = make_validation(asked, corpus, vocabulary, accelerator)
    if validation is None:
        raise InputError(f"{corpus.folder}: the validation split has no usable examples for {asked.mixture.name}")
    model = PretrainingModel(model_config(trained, vocabulary), trained.mixture, vocabulary)
    model.load(folder)
    model.retarget(asked.mixture.losses, heads)
    return evaluate(accelerator.prepare(model), validation, asked.mixture, accelerator)
