"""Validation batches and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator

from nlp_ssl.console import warn
from nlp_ssl.corpus.ngrams import Ngrams
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import InputError
from nlp_ssl.models.initial import Initial
from nlp_ssl.models.loading import load_config
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.recipe import Recipe
from nlp_ssl.runtime import make_accelerator, resolve_precision, to_device
from nlp_ssl.sampling.batches import Batches
from nlp_ssl.sampling.examples import ExampleIndex, TokenStream
from nlp_ssl.training.collate import collate
from nlp_ssl.training.loss_totals import LossTotals
from nlp_ssl.training.model import PretrainingModel, model_config
from nlp_ssl.training.pretrain import evaluation_steps, usable_examples
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
    ngrams: Ngrams
    """Unigram and trigram models of train."""


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
    steps = evaluation_steps(options, batches)
    counts = corpus.counts["validation"]
    of_unknown = counts.unknown_bytes / max(counts.unknown, 1)
    ngrams = Ngrams(corpus.shards("train"), vocabulary.counts)
    return Validation(batches, steps, counts.bytes / counts.tokens, of_unknown, ngrams)


@torch.no_grad()
def validate(
    network: torch.nn.Module, validation: Validation, mixture: Mixture, accelerator: Accelerator, done: float = 1.0
) -> dict[str, float]:
    """The validation loss in nats per target, and the metrics of each loss, as in `by_loss`."""
    device, vocabulary = accelerator.device, validation.batches.vocabulary
    model: PretrainingModel = accelerator.unwrap_model(network)
    totals = {
        name: LossTotals(loss, vocabulary, validation.ngrams, validation.steps, accelerator)
        for name, loss in mixture.losses.items()
    }
    network.eval()
    for step in range(validation.steps):
        group, vectors = [], {name: list[torch.Tensor]() for name in model.batch_losses}
        for micro, batch in enumerate(validation.batches[step]):
            inputs = to_device(collate(batch, mixture, vocabulary), device)
            generator = keyed_generator(device, "validation", step, accelerator.process_index, micro)
            for name, of_loss in totals.items():
                of_loss.step = step
                if not accelerator.is_fsdp2:  # they run parts of the model on their own, which FSDP cannot gather
                    with accelerator.autocast():
                        of_loss.add_extra(model, name, batch, inputs, vocabulary)
                of_loss.add_targets(batch, batch.targets[name])
            with accelerator.autocast():
                predicted = network(inputs, generator)
            for name, of_loss in totals.items():
                if name in vectors:
                    vectors[name].append(predicted[name])
                else:
                    of_loss.add(predicted[name])
            group.append(inputs)
        for name, of_rows in vectors.items():
            whole = gather_loss(model, name, of_rows, group, accelerator)
            if accelerator.is_main_process:  # equal on every process
                totals[name].add(whole.sum)
    network.train()
    size = validation.bytes_per_token, validation.bytes_per_unknown
    found = {name: of_loss.metrics(*size) for name, of_loss in totals.items()}
    return by_loss(found, mixture, done)


def by_loss(of_losses: Mapping[str, Mapping[str, float]], mixture: Mixture, done: float) -> dict[str, float]:
    """Merge the metrics of each loss when the share `done` of a run is done. One without targets has no "loss".

    With several losses, names are prefixed with the loss's, and "loss" is the weighted sum. In a sequence it is that of
    the phase, which also stands under the phase's name. The others stand in for a loss without targets.
    """
    if len(mixture.losses) == 1:
        return {key: value for found in of_losses.values() for key, value in found.items()}
    named = {f"{name} {key}": value for name, found in of_losses.items() for key, value in found.items()}
    weights = {name: loss.weight for name, loss in mixture.losses_at(done).items()}
    measured = {name: found["loss"] for name in weights if "loss" in (found := of_losses.get(name, {}))}
    share = sum(weights[name] for name in measured) / sum(weights.values())
    if not share:
        return named
    loss = sum(weights[name] * value for name, value in measured.items()) / share
    phase = mixture.phase(done)
    return {"loss": loss} | ({f"{phase} loss": loss} if phase else {}) | named


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
    initial = None
    if trained.init is not None:  # its shape is that of the saved model, which has all of the weights
        initial = Initial(name=trained.init, checksum="", config=load_config(folder))
    model = PretrainingModel(model_config(trained, vocabulary, initial), trained.mixture, vocabulary)
    model.load(folder)
    model.retarget(asked.mixture.losses, heads)
    return validate(accelerator.prepare(model), validation, asked.mixture, accelerator)
