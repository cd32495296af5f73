"""The loop: steps of an optimizer over the batches of an objective.

The loss of a step is the sum over its targets, in float32, divided by their number over all processes and
micro-batches: how a batch is divided among them changes nothing (but dropout, of which each draws its own). A step's
figures are read one step later, so that the device never waits; an update whose gradients are not finite is left out
on the device, and stops the run when it is read.
"""

from __future__ import annotations

import contextlib
import math
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import send_to_device
from torch import Tensor
from torch.utils.data import DataLoader
from transformers.utils import logging as transformers_logging

from nlp_ssl import recipe as recipes
from nlp_ssl.atomic_io import write_text, writing
from nlp_ssl.console import duration, progress, quantity, say
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import InputError
from nlp_ssl.models.flops import FlopCounter, peak_flops
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.recipe import Budget
from nlp_ssl.runtime import choose_attention, make_accelerator, resolve_precision
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.batches import Batches
from nlp_ssl.sampling.examples import ExampleIndex, TokenStream
from nlp_ssl.training import checkpoint
from nlp_ssl.training import run_folder as run
from nlp_ssl.training.budget import Estimate
from nlp_ssl.training.collate import Inputs, collate
from nlp_ssl.training.model import PretrainingModel, model_config
from nlp_ssl.training.optimizer import optimizer_of, skip_unless_finite
from nlp_ssl.training.pretrain import Pretrain
from nlp_ssl.training.saving import save_model, sizes
from nlp_ssl.training.schedule import learning_rate
from nlp_ssl.training.step import Step
from nlp_ssl.training.totals import Totals, means
from nlp_ssl.training.validation import Validation, evaluate, format_metrics, make_batches, make_validation


def make_trainer(options: Pretrain, vocabulary: Vocabulary, text: TokenStream, examples: ExampleIndex) -> Trainer:
    """Model, optimizer and batches of a recipe, at its first step. InputError for options that do not fit."""
    transformers_logging.disable_progress_bar()  # ours says enough
    mixture = options.mixture
    config = model_config(options, vocabulary)
    precision = resolve_precision(options.precision)
    try:
        accelerator = make_accelerator(precision, log_with=options.log_with, project_dir=str(options.out))
    except ValueError as error:  # Accelerate lists the trackers that it has
        raise InputError(f"log_with is {options.log_with!r}: {error}") from None
    if options.log_with is not None and not accelerator.log_with:
        raise InputError(f"log_with is {options.log_with!r}: it is not installed: pip install {options.log_with}")
    parts = accelerator.num_processes * options.batch.accumulation
    if options.batch.tokens // options.batch.max_length < parts:
        raise InputError(
            f"batch.tokens is {options.batch.tokens}: a batch must hold a row of {options.batch.max_length} tokens "
            f"for each of its {parts} parts (processes x micro-batches)"
        )
    torch.manual_seed(options.seed)
    model = PretrainingModel(config, mixture, vocabulary)
    choose_attention(model, options.batch.max_length)
    if options.compile:
        model.body.compile()
    flops = FlopCounter(model)
    batches = make_batches(options, text, examples, vocabulary, options.seed, accelerator)
    optimizer = optimizer_of(model, options.optimizer)
    prepared, optimizer = accelerator.prepare(model, optimizer)
    peak = peak_flops(accelerator.device, precision)
    return Trainer(options, accelerator, prepared, optimizer, batches, flops, peak)


def train(options: Pretrain, corpus: Corpus, vocabulary: Vocabulary, text: TokenStream, examples: ExampleIndex) -> int:
    """Run or go on with a run; returns the exit status."""
    trainer = make_trainer(options, vocabulary, text, examples)
    accelerator = trainer.accelerator
    status = _train(trainer, options, corpus, vocabulary)
    # What wraps the model for several processes has to go while these still know each other.
    accelerator.wait_for_everyone()
    del trainer
    accelerator.free_memory()
    accelerator.end_training()
    return status


def _train(trainer: Trainer, options: Pretrain, corpus: Corpus, vocabulary: Vocabulary) -> int:
    accelerator, batches, mixture = trainer.accelerator, trainer.batches, options.mixture
    model = accelerator.unwrap_model(trainer.model)
    saved = checkpoint.newest(options.out / "checkpoints") if options.resume else None
    metrics = run.Metrics(options.out)
    if saved is not None:
        totals = Totals(**checkpoint.read_state(saved))
        checkpoint.load(accelerator, saved)
        if totals.step >= totals.steps and (options.out / "model").is_dir() and metrics.ended:
            say(f"{options.out} is finished: {totals.steps:,} steps; its model is in {options.out / 'model'}")
            return 0
        say(f"going on from step {totals.step:,} of {totals.steps:,}")
    else:
        totals = Totals(steps=Estimate(trainer).steps(Budget.parse(options.budget)))
        if totals.steps < 2**options.snapshots:
            raise InputError(
                f"snapshots is {options.snapshots}: the first is taken after 1/{2**options.snapshots} of the steps, "
                f"and {options.budget} are {totals.steps}"
            )
    if accelerator.is_main_process:
        run.record(options.out, options, corpus, accelerator.num_processes, str(accelerator.device))
        metrics.trim(totals.step if saved is not None else -1)
    validation = make_validation(options, corpus, vocabulary, accelerator)
    precision = resolve_precision(options.precision)
    how = f"{precision} on {accelerator.num_processes} x {accelerator.device}"
    describe(options, model, batches, validation, totals, how)
    if options.log_with is not None:
        accelerator.init_trackers("nlp_ssl", {"seed": options.seed, "budget": options.budget})

    def save_snapshot(name: str) -> None:
        """Save the model as it is, as the snapshot of this name."""
        if accelerator.is_main_process:
            end = {"objective": mixture.name, "validation": {}, **totals.counters()} | sizes(model)
            with writing(options.out / "snapshots" / name) as beside:
                save_model(beside / "model", options, corpus, model, end | {"step": totals.step})
                write_text(beside / "recipe.toml", recipes.dump(options))

    status = trainer.take_steps(totals, metrics, validation, save_snapshot)
    if status:
        say(f"stopped and saved at step {totals.step:,} of {totals.steps:,}: go on with --resume")
        return status
    figures = trainer.evaluate(validation) if validation else {}
    end = {"objective": mixture.name, "validation": figures, **totals.counters()} | sizes(model)
    if accelerator.is_main_process:
        save_model(options.out / "model", options, corpus, model, end | {"step": totals.step})
        metrics.append("end", totals.step, end)
        say(f"{format_metrics(figures)}  {quantity(totals.tokens)} tokens in {duration(totals.seconds)}".strip())
        say(f"model: {options.out / 'model'}   next: nlp-ssl finetune {options.out} --task NAME --data … --out …")
    return 0


def _leave_signals_to_the_run(worker: int) -> None:
    """Let a process that makes batches go on when its whole group is asked to stop: the last step needs it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def group_inputs(micro_batches: list[Batch], mixture: Mixture, vocabulary: Vocabulary) -> list[Inputs]:
    """What the model takes, of each micro-batch."""
    return [collate(batch, mixture, vocabulary) for batch in micro_batches]


class Trainer:
    """A model, its optimizer and its batches."""

    def __init__(
        self,
        options: Pretrain,
        accelerator: Accelerator,
        model: torch.nn.Module,
        optimizer: Any,
        batches: Batches,
        flops: FlopCounter,
        peak: float | None,
    ) -> None:
        self.options, self.accelerator, self.model, self.optimizer = options, accelerator, model, optimizer
        self.batches, self.flops, self.peak = batches, flops, peak
        self.mixture = options.mixture
        weights = [loss.weight for loss in self.mixture.losses.values()]
        self.step = Step(
            accelerator,
            model,
            torch.tensor(weights, device=accelerator.device),  # [losses]
            options.seed,
            dropout=options.model.dropout > 0,
        )
        self._signal = 0  # the one that asked to stop
        self._clock = 0.0  # when the last step was read

    def update(self, step: int, rate: float, group: list[Inputs]) -> Tensor:
        """One update, on a group of micro-batches.

        Returns, on the device and over all processes: the gradient norm, whether to stop, text tokens, rows, then the
        number of targets of each loss and their mean losses: [4 + 2 * losses].
        """
        accelerator, device = self.accelerator, self.accelerator.device
        group = [send_to_device(inputs, device, non_blocking=True) for inputs in group]
        mine = torch.stack([inputs.pop("counts") for inputs in group]).sum(0)  # text tokens, rows, targets of each loss
        stop = torch.full_like(mine[:1], self._signal)
        counts = accelerator.reduce(torch.cat([stop, mine]), "sum")
        targets = counts[3:].clamp(min=1)  # [losses]
        sums = self.step.backward(step, group, targets)
        norm = accelerator.clip_grad_norm_(self.model.parameters(), self.options.optimizer.max_grad_norm)
        for parameters in self.optimizer.param_groups:
            parameters["lr"] = rate
        skip_unless_finite(self.optimizer.optimizer, norm)  # so nobody has to wait for the device to know
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.step.bare.after_step()
        means = accelerator.reduce(sums, "sum") / targets
        return torch.cat([norm.reshape(1).double(), counts.double(), means.double()])

    def flops_of(self, inputs: Inputs, rows: int, targets: list[int]) -> int:
        """FLOPs of a step over so many rows of these widths, with these numbers of targets."""
        return self.flops.training(inputs, rows, dict(zip(self.mixture.losses, targets, strict=True)))

    def take_steps(
        self, totals: Totals, metrics: run.Metrics, validation: Validation | None, save_snapshot: Callable[[str], None]
    ) -> int:
        """Take the steps from `totals.step` on; returns 0, or the exit status of an interruption.

        `save_snapshot` is called where a snapshot is to be taken, with its name.
        """
        options, steps = self.options, totals.steps
        evaluate_every = max(1, steps // options.evaluations)
        snapshots = {steps // part: name for name, part in run.snapshots(options.snapshots).items()}
        loader: Any = DataLoader(
            self.batches,  # type: ignore[arg-type]  # it has what a Dataset has
            batch_size=None,
            sampler=range(totals.step, steps),
            num_workers=options.batch.workers,
            collate_fn=partial(group_inputs, mixture=self.mixture, vocabulary=self.batches.vocabulary),
            worker_init_fn=_leave_signals_to_the_run,
            pin_memory=self.accelerator.device.type == "cuda",
        )
        self.model.train()
        self._clock = time.perf_counter()
        label = f"pretrain {self.mixture.name}"
        unread: tuple[Inputs, Tensor] | None = None  # of the step before
        with self._heeding_signals(), progress(label, steps, "steps", totals.step) as job:
            for step, group in zip(range(totals.step, steps), loader, strict=True):
                rate = learning_rate(step, steps, options.optimizer)
                figures = self.update(step, rate, group)
                stop = unread is not None and self._read(*unread, totals)
                done = step + 1
                log = done % options.log_every == 0 or done == steps
                evaluate = validation is not None and done % evaluate_every == 0 and done < steps
                save = done % options.save_every == 0 or done == steps or stop
                if log or evaluate or save or done in snapshots:
                    stop = self._read(group[0], figures, totals) or stop
                    unread = None
                else:
                    unread = (group[0], figures)
                job.advance()
                if log:
                    line = means(totals.window, self.mixture) | {"learning_rate": rate}
                    if self.peak is not None:
                        line["mfu"] = line["flops_per_second"] / self.peak / self.accelerator.num_processes
                    totals.window = {}
                    self._write(metrics, "train", totals, line)
                    job.status = f"loss {line['loss']:.4f}  {quantity(line['tokens_per_second'])} tokens/s"
                if evaluate and validation is not None:
                    found = self.evaluate(validation)
                    self._write(metrics, "evaluate", totals, found)
                    say(f"step {done:,}: validation {format_metrics(found)}")
                if done in snapshots:
                    if self.accelerator.is_main_process:
                        metrics.append("snapshot", totals.step, {"name": snapshots[done], **totals.counters()})
                    save_snapshot(snapshots[done])
                if save:
                    folder = options.out / "checkpoints"
                    checkpoint.save(self.accelerator, folder, vars(totals), options.keep_checkpoints)
                if evaluate or save or done in snapshots:
                    self._clock = time.perf_counter()  # their time is not the steps'
                if stop and done < steps:
                    return 128 + (self._signal or signal.SIGTERM)
        return 0

    def _read(self, inputs: Inputs, figures: Tensor, totals: Totals) -> bool:
        """Account for a step; whether a process was asked to stop. InputError where the loss was not finite."""
        norm, stop, tokens, rows, *of_losses = figures.tolist()
        parts = list(self.mixture.losses)
        targets, losses = [int(n) for n in of_losses[: len(parts)]], of_losses[len(parts) :]
        loss = sum(term.weight * mean for term, mean in zip(self.mixture.losses.values(), losses, strict=True))
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise InputError(
                f"step {totals.step + 1}: the loss of {self.mixture.name} is {loss} (gradient norm {norm}), "
                "the update was not made: try a lower --optimizer.learning-rate or --precision fp32 in a new --out"
            )
        now = time.perf_counter()
        seconds, self._clock = now - self._clock, now
        flops = self.flops_of(inputs, int(rows), targets)
        totals.step += 1
        totals.tokens += int(tokens)
        totals.targets += sum(targets)
        totals.flops += flops
        totals.seconds += seconds
        counted = {"steps": 1, "grad_norm": norm, "tokens": tokens, "flops": flops, "seconds": seconds}
        for name, mean, count in zip(parts, losses, targets, strict=True):
            counted |= {f"{name}_loss": mean * count, f"{name}_targets": count}
        totals.add(**counted)
        return bool(stop)

    def _write(self, metrics: run.Metrics, event: str, totals: Totals, values: dict[str, float]) -> None:
        if not self.accelerator.is_main_process:
            return
        metrics.append(event, totals.step, values | totals.counters())
        if self.options.log_with is not None:
            self.accelerator.log({f"{event}/{key}": value for key, value in values.items()}, step=totals.step)

    def evaluate(self, validation: Validation) -> dict[str, float]:
        """The held-out figures of the model as it is."""
        return evaluate(self.model, validation, self.mixture, self.accelerator)

    @contextlib.contextmanager
    def _heeding_signals(self) -> Iterator[None]:
        """SIGTERM and Ctrl-C end the run after the step at hand, saved; a second Ctrl-C at once."""

        def heed(number: int, _: FrameType | None) -> None:
            self._signal = number
            signal.signal(signal.SIGINT, signal.default_int_handler)
            say("stopping after this step, to save (Ctrl-C again to stop at once)")

        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            for number in before:
                signal.signal(number, heed)
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def describe(
    options: Pretrain,
    model: PretrainingModel,
    batches: Batches,
    validation: Validation | None,
    totals: Totals,
    how: str,
) -> None:
    """Say what is about to be done."""
    examples = batches.examples
    held = "none" if validation is None else f"{validation.steps:,} batches"
    weights = sizes(model)
    skipped = f", {examples.skipped:,} runs of sentences skipped" if examples.skipped else ""
    say(
        f"{options.mixture.name}: {type(model.assemble()).__name__} of {quantity(weights['parameters'])} parameters "
        f"({quantity(weights['embedding_parameters'])} of them embeddings), {how}\n"
        f"{len(examples):,} examples{skipped}, {quantity(examples.length.sum())} tokens an epoch; rows of "
        f"{batches.widths.min()} to {batches.widths.max()} tokens in {len(batches.widths)} widths, "
        f"{batches.padding:.1%} padding\n"
        f"{totals.steps:,} steps of {options.batch.tokens:,} tokens, {totals.steps / len(batches):.2f} epochs; "
        f"validation: {held}"
    )
