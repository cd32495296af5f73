"""Held-out text: which batches a model is evaluated on, and what the figures are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import send_to_device

from nlp_ssl.console import warn
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import InputError
from nlp_ssl.models.collate import to_inputs
from nlp_ssl.models.pretraining import PretrainingModel, configure
from nlp_ssl.objectives.denoising import can_be_copied
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.recipe import Recipe
from nlp_ssl.runtime import make_accelerator, resolve_precision
from nlp_ssl.sampling.batch import NO_LABEL
from nlp_ssl.sampling.batches import Batches
from nlp_ssl.sampling.examples import ExampleIndex, TokenStream
from nlp_ssl.training.figures import figures_of
from nlp_ssl.training.pretrain import usable_examples


@dataclass(frozen=True)
class HeldOut:
    """The batches of an evaluation: the first `steps` of a fixed order."""

    batches: Batches
    steps: int
    bytes_per_token: float


def make_batches(
    options: Recipe,
    text: TokenStream,
    examples: ExampleIndex,
    vocabulary: Vocabulary,
    seed: int,
    accelerator: Accelerator,
) -> Batches:
    """The batches over some examples, this process's part of them."""
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


def make_held_out(options: Recipe, corpus: Corpus, vocabulary: Vocabulary, accelerator: Accelerator) -> HeldOut | None:
    """The held-out batches: the same for every run on this corpus with these shapes, whatever its seed."""
    try:
        text, examples = usable_examples(corpus, vocabulary, "validation", options)
    except InputError as error:
        warn(f"no held-out figures: {error}")
        return None
    batches = make_batches(options, text, examples, vocabulary, 0, accelerator)
    steps = math.ceil(options.evaluation_tokens / (examples.length.sum() / len(batches)))
    counts = corpus.counts["validation"]
    return HeldOut(batches, min(steps, len(batches)), counts.bytes / counts.tokens)


@torch.no_grad()
def evaluate(
    network: torch.nn.Module, held_out: HeldOut, mixture: Mixture, accelerator: Accelerator
) -> dict[str, float]:
    """The held-out loss, in nats a target, and the objective's own metrics; of a mixture, those of each part."""
    device, vocabulary = accelerator.device, held_out.batches.vocabulary
    classes = {name: len(part.classes(vocabulary)) for name, part in mixture.parts.items()}
    sums = torch.zeros(len(classes), 3, dtype=torch.float64, device=device)
    counts = torch.zeros(2 + len(classes), dtype=torch.float64, device=device)
    by_class = {name: torch.zeros(n, dtype=torch.float64, device=device) for name, n in classes.items()}
    own = {name: more for name, part in mixture.parts.items() if (more := figures_of(part)) is not None}
    of_own = {name: torch.zeros(len(more.names), 2, device=device).double() for name, more in own.items()}
    written = [name for name, part in mixture.parts.items() if part.head == "seq2seq_lm"]
    copied = {name: torch.zeros((), dtype=torch.float64, device=device) for name in written}
    model: PretrainingModel = accelerator.unwrap_model(network)
    network.eval()
    for step in range(held_out.steps):
        for batch in held_out.batches[step]:
            inputs = send_to_device(to_inputs(batch, mixture, vocabulary), device)
            for name, more in own.items():
                if more.steps is None or step < more.steps:
                    with accelerator.autocast():
                        of_own[name] += more.take(model, name, batch, inputs, vocabulary).to(device)
            for name, of_text in copied.items():
                of_text += int(np.count_nonzero(can_be_copied(batch, name)))
            sums += network(inputs)
            counts += inputs["counts"]
            for name, of_classes in by_class.items():
                if len(of_classes):
                    labels = inputs["targets"][name]
                    of_classes += torch.bincount(labels[labels != NO_LABEL], minlength=len(of_classes))
    network.train()
    sums, counts = accelerator.reduce(sums, "sum").cpu(), accelerator.reduce(counts, "sum").cpu()
    bytes_read = float(counts[0]) * held_out.bytes_per_token
    of_parts = {}
    for name, (loss, right, among_five), count in zip(classes, sums.tolist(), counts[2:].tolist(), strict=True):
        n = max(count, 1.0)  # where objectives alternate, one with a small share may have no example in so few
        figures = {"loss": loss / n, "accuracy": right / n}
        if classes[name]:
            figures["majority"] = float(accelerator.reduce(by_class[name], "sum").max()) / n
        if classes[name] > 5:
            figures["among_five"] = among_five / n
        if name in copied:
            figures["accuracy_by_copying"] = float(accelerator.reduce(copied[name], "sum")) / n
        if mixture.parts[name].head == "causal_lm":
            figures["bits_per_byte"] = loss / math.log(2) / bytes_read
        if name in own:
            totals = accelerator.reduce(of_own[name], "sum").tolist()
            figures |= {key: total / n for key, (total, n) in zip(own[name].names, totals, strict=True) if n}
        of_parts[name] = figures | {"held_out_targets": count}
    return together(of_parts, mixture)


def together(of_parts: dict[str, dict[str, float]], mixture: Mixture) -> dict[str, float]:
    """One dict out of each part's figures: of several parts the sum of their losses, and theirs by their names."""
    if len(of_parts) == 1:
        (figures,) = of_parts.values()
        return figures
    loss = sum(part.weight * of_parts[name]["loss"] for name, part in mixture.parts.items())
    return {"loss": loss} | {f"{name} {key}": value for name, found in of_parts.items() for key, value in found.items()}


def in_words(figures: dict[str, float]) -> str:
    """Held-out figures for people."""
    shown = {key.replace("_", " "): value for key, value in figures.items() if "held_out_targets" not in key}
    return "  ".join(f"{key} {value:.4f}" for key, value in shown.items())


def of_saved(
    folder: Path, trained: Recipe, asked: Recipe, heads: Mapping[str, str], corpus: Corpus, vocabulary: Vocabulary
) -> dict[str, float]:
    """The figures of a saved model on the task of `asked`; `heads` are the parts of `trained` that do its parts."""
    accelerator = make_accelerator(resolve_precision(trained.precision))
    held_out = make_held_out(asked, corpus, vocabulary, accelerator)
    if held_out is None:
        raise InputError(f"{corpus.folder}: its validation split cannot serve {asked.mixture.name}")
    config = configure(trained.model, trained.mixture, vocabulary, trained.batch.max_length)
    model = PretrainingModel(config, trained.mixture, vocabulary)
    model.load(folder)
    model.answer(asked.mixture.parts, heads)
    return evaluate(accelerator.prepare(model), held_out, asked.mixture, accelerator)
