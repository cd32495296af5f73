"""Train a run from its first step or newest checkpoint, and save the model."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from transformers.utils import logging as transformers_logging

from nlp_ssl import recipe_files
from nlp_ssl.atomic_io import writing
from nlp_ssl.console import duration, quantity, say, warn
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import InputError, cut, first_line
from nlp_ssl.models.architectures import unusable
from nlp_ssl.models.building import checkpoint_activations
from nlp_ssl.models.causality import sees_later_tokens
from nlp_ssl.models.flops import FlopCounter, peak_flops
from nlp_ssl.models.folder import model_folder
from nlp_ssl.models.initial import Initial
from nlp_ssl.processes import agree
from nlp_ssl.recipe import Budget
from nlp_ssl.runtime import choose_attention, resolve_precision
from nlp_ssl.sampling.examples import ExampleIndex, TokenStream
from nlp_ssl.signals import not_held_up
from nlp_ssl.training import checkpoint
from nlp_ssl.training import run_folder as run
from nlp_ssl.training.budget import Estimate
from nlp_ssl.training.loop import Trainer
from nlp_ssl.training.model import PretrainingModel, model_config
from nlp_ssl.training.optimizer import optimizer_of
from nlp_ssl.training.parallel import accelerator_of, prepare_sharding
from nlp_ssl.training.pretrain import Pretrain
from nlp_ssl.training.readable import format_metrics, what_was_learned
from nlp_ssl.training.saving import save_model, sizes
from nlp_ssl.training.sharding import whole_model
from nlp_ssl.training.totals import Totals
from nlp_ssl.training.validation import Validation, make_batches, make_validation


def make_trainer(
    options: Pretrain,
    vocabulary: Vocabulary,
    text: TokenStream,
    examples: ExampleIndex,
    initial: Initial | None = None,
) -> Trainer:
    """Build a recipe's model, optimizer and batches. InputError for invalid options.

    With a [model.config] or an initial model, one step is tried, as no list of rules covers the configs of all
    architectures. With `compile` too, as compilation needs a compiler and begins with the first step, and with a
    plug-in's objective.
    """
    own = all(type(objective).__module__.startswith("nlp_ssl.") for objective in options.mixture.objectives.values())
    if own and not (options.model.config or options.compile or initial):
        return _make_trainer(options, vocabulary, text, examples)
    try:
        trainer = _make_trainer(options, vocabulary, text, examples, initial)
        loss = Estimate(trainer).trial()
    except InputError:
        raise
    except Exception as error:
        if options.compile and _from_compiler(error):
            raise InputError(
                f"--compile: torch.compile fails ({cut(first_line(error), 120)}); train without it, or install a C++ "
                "compiler, or set TORCHINDUCTOR_CACHE_DIR to a new folder"
            ) from None
        if not (options.model.config or initial):
            raise
        raise _failed_trial(options, error) from None
    if (options.model.config or initial) and not math.isfinite(loss):
        raise _failed_trial(options, ValueError(f"the loss is {loss}"))
    return trainer


def _failed_trial(options: Pretrain, error: Exception) -> InputError:
    if options.init is None:
        return unusable(options.model, "a training step fails", error)
    return InputError(f"--init {options.init}: a training step fails: {cut(error, 160) or type(error).__name__}")


def _from_compiler(error: BaseException | None) -> bool:
    """Whether an exception, or one that it was raised from, is of torch.compile."""
    parts = ("torch._dynamo.", "torch._inductor.", "torch._functorch.")
    return error is not None and (
        type(error).__module__.startswith(parts) or _from_compiler(error.__cause__ or error.__context__)
    )


def _make_trainer(
    options: Pretrain,
    vocabulary: Vocabulary,
    text: TokenStream,
    examples: ExampleIndex,
    initial: Initial | None = None,
) -> Trainer:
    transformers_logging.disable_progress_bar()
    config = model_config(options, vocabulary, initial)
    precision = resolve_precision(options.precision)
    accelerator = accelerator_of(options)
    torch.manual_seed(options.seed)
    model = PretrainingModel(config, options.mixture, vocabulary, initial)
    choose_attention(model, options.batch.max_length)
    _check_reading(model, options)
    prepare_sharding(accelerator, model, options)
    if options.activation_checkpointing:
        checkpoint_activations(model.body)
    if options.compile:
        model.body.compile()
    flops = FlopCounter(model)
    batches = make_batches(options, text, examples, vocabulary, options.seed, accelerator)
    optimizer = optimizer_of(model, options.optimizer, precision)
    prepared, optimizer = accelerator.prepare(model, optimizer)
    peak = peak_flops(accelerator.device, precision)
    return Trainer(options, accelerator, prepared, optimizer, batches, flops, peak)


def _check_reading(model: PretrainingModel, options: Pretrain) -> None:
    """InputError for a body that reads the tokens it is to predict, or for an encoder that reads to one side only."""
    name, kind = f"model.architecture {model.body.config.model_type!r}", options.mixture.body
    other = "use 'auto'"
    if options.init is not None:
        name, other = f"--init {options.init}", "use another model"
    if kind == "static":
        return
    later = sees_later_tokens(model.body, name)
    if kind == "encoder" and not later:
        raise InputError(f"{name}: its states do not depend on later tokens, so it is no encoder; {other}")
    if kind != "encoder" and later:
        raise InputError(f"{name}: its states depend on later tokens, so it would read what it predicts; {other}")


def train(options: Pretrain, corpus: Corpus, vocabulary: Vocabulary, text: TokenStream, examples: ExampleIndex) -> int:
    """Start or resume a run. Returns the exit status."""
    with not_held_up(run.HOW_TO_GO_ON):
        initial = _initial(options, corpus)
        trainer = make_trainer(options, vocabulary, text, examples, initial)
    accelerator = trainer.accelerator
    status = _train(trainer, options, corpus, vocabulary, _start(trainer, initial, options))
    # DDP's wrapper must be deleted before the process group is destroyed.
    accelerator.wait_for_everyone()
    del trainer
    accelerator.free_memory()
    accelerator.end_training()
    return status


def _initial(options: Pretrain, corpus: Corpus) -> Initial | None:
    """The model that the run starts from, if there is one; without its weights if the run has trained them already.

    InputError if it is another one than when the run began.
    """
    if options.init is None:
        return None
    start = run.read_start(options.out) if options.resume else None
    if start is not None and (checkpoint.newest(options.out / "checkpoints") or _is_finished(options.out)):
        return Initial.stored(options.init, start)
    initial = Initial.open(options.init, options.mixture.body, corpus)
    if start is not None and start["checksum"] != initial.checksum:
        raise InputError(f"--init {options.init} has changed since {options.out} began: choose another --out")
    agree({"initial model": initial.checksum})
    return initial


def _start(trainer: Trainer, initial: Initial | None, options: Pretrain) -> dict[str, Any] | None:
    """What the run keeps of the model that it started from; None if its weights were random."""
    if initial is None:
        return None
    if initial.folder is None:
        return run.read_start(options.out)
    model: PretrainingModel = trainer.accelerator.unwrap_model(trainer.model)
    say(model.started)
    return {**initial.record(), "started": model.started}


def _train(
    trainer: Trainer, options: Pretrain, corpus: Corpus, vocabulary: Vocabulary, start: dict[str, Any] | None
) -> int:
    accelerator, mixture = trainer.accelerator, options.mixture
    model = accelerator.unwrap_model(trainer.model)
    saved = checkpoint.newest(options.out / "checkpoints") if options.resume else None
    metrics = run.Metrics(options.out)
    if options.resume and _is_finished(options.out):
        say(f"{options.out} is finished. Model: {options.out / 'model'}")
        return 0
    if saved is not None:
        state = checkpoint.read_state(saved)
        totals = state.totals
        metrics.truncate_after(totals.step, state.metrics)
        checkpoint.load(accelerator, saved)
        say(f"resuming from step {totals.step:,} of {totals.steps:,}")
    else:
        totals = _new_totals(trainer, options)
        metrics.truncate_after(-1)
    if accelerator.is_main_process:
        run.record(options.out, options, corpus, accelerator.num_processes, str(accelerator.device), start)
    validation = make_validation(options, corpus, vocabulary, accelerator)
    _say_plan(trainer, validation, totals)
    if options.log_with is not None:
        accelerator.init_trackers("nlp_ssl", {"seed": options.seed, "budget": options.budget})

    def save_snapshot(name: str) -> None:
        """Save the current model as snapshot `name`."""
        whole = whole_model(accelerator, trainer.model, trainer.flops.twin)
        if accelerator.is_main_process:
            end = {"objective": mixture.name, "validation": {}, **totals.counters()} | sizes(model)
            with writing(options.out / "snapshots" / name) as beside:
                save_model(beside / "model", options, corpus, whole, end | {"step": totals.step}, start)
                recipe_files.store(beside / "recipe.toml", options)

    status = trainer.take_steps(totals, metrics, validation, save_snapshot)
    if status:
        say(
            f"stopped and saved at step {totals.step:,} of {totals.steps:,}. "
            f"Continue with: nlp-ssl pretrain --resume {options.out}"
        )
        return status
    figures = trainer.validate(validation, totals) if validation else {}
    phase = {"phase": mixture.phase(totals.place)} if mixture.mixing == "sequence" else {}
    end = {"objective": mixture.name, **phase, "validation": figures, **totals.counters()} | sizes(model)
    whole = whole_model(accelerator, trainer.model, trainer.flops.twin)
    if accelerator.is_main_process:
        save_model(options.out / "model", options, corpus, whole, end | {"step": totals.step}, start)
        metrics.append("end", totals.step, end)
        say(f"{format_metrics(figures)}  {quantity(totals.tokens)} tokens in {duration(totals.seconds)}".strip())
        for sentence in what_was_learned(figures, mixture.losses):
            say(sentence)
        say(f"model: {options.out / 'model'}   next: nlp-ssl finetune {options.out} --task NAME --data … --out …")
    return 0


FEWEST_TO_COMPARE = 16
"""Examples of a batch that a loss over the whole batch should have, at least."""


def _is_finished(out: Path) -> bool:
    """Whether a run has ended and holds its model, undamaged; with or without checkpoints."""
    try:
        return run.Metrics(out).ended and model_folder(out) == out / "model"
    except InputError:
        return False


def _new_totals(trainer: Trainer, options: Pretrain) -> Totals:
    """Totals of a new run. InputError if the budget has too few steps for the snapshots."""
    totals = Totals(steps=Estimate(trainer).steps(Budget.parse(options.budget)))
    if totals.steps < 2**options.snapshots:
        raise InputError(
            f"snapshots is {options.snapshots}: the first snapshot is taken after 1/{2**options.snapshots} of the "
            f"steps, but the budget of {options.budget} has only {totals.steps} steps"
        )
    return totals


def _say_plan(trainer: Trainer, validation: Validation | None, totals: Totals) -> None:
    """Print the model, the data and the number of steps."""
    options, accelerator, batches = trainer.options, trainer.accelerator, trainer.batches
    model: PretrainingModel = accelerator.unwrap_model(trainer.model)
    examples = batches.examples
    weights = sizes(model)
    steps = "step" if totals.steps == 1 else "steps"
    rows = len(examples) / len(batches)
    if model.batch_losses and rows < FEWEST_TO_COMPARE:
        warn(
            f"{' and '.join(model.batch_losses)}: examples are compared within a batch, which holds only {rows:.0f}; "
            "raise --batch.tokens"
        )
    skipped = f", {examples.skipped:,} segments skipped" if examples.skipped else ""
    say(
        f"{options.mixture.name}: {type(model.assemble()).__name__} with {quantity(weights['parameters'])} parameters "
        f"({quantity(weights['embedding_parameters'])} in embeddings), {resolve_precision(options.precision)} on "
        f"{accelerator.num_processes} x {accelerator.device}\n"
        f"{len(examples):,} examples{skipped}, {quantity(examples.length.sum())} tokens per epoch; sequences of "
        f"{batches.widths.min()} to {batches.widths.max()} tokens in {len(batches.widths)} lengths, "
        f"{batches.padding:.1%} padding\n"
        f"{totals.steps:,} {steps} of {options.batch.tokens:,} tokens, {totals.steps / len(batches):.2f} epochs; "
        f"validation: {'none' if validation is None else f'{validation.steps:,} batches'}"
    )
