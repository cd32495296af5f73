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
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import send_to_device
from torch import Tensor
from torch.utils.data import DataLoader
from transformers import AutoTokenizer
from transformers.utils import logging as transformers_logging

from nlp_ssl import recipe as recipes
from nlp_ssl.atomic_io import write_text, writing
from nlp_ssl.console import duration, progress, quantity, say
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import InputError
from nlp_ssl.models.collate import Inputs, to_inputs
from nlp_ssl.models.flops import FlopCounter, peak_flops, shape_of
from nlp_ssl.models.pretraining import HEADS_FOLDER, PretrainingModel, configure
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.recipe import Budget
from nlp_ssl.runtime import choose_attention, make_accelerator, make_adagrad, make_optimizer, resolve_precision
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.batches import Batches
from nlp_ssl.sampling.examples import ExampleIndex, TokenStream
from nlp_ssl.sampling.noise import key_of
from nlp_ssl.training import checkpoint
from nlp_ssl.training import run_folder as run
from nlp_ssl.training.card import model_card
from nlp_ssl.training.pretrain import Pretrain
from nlp_ssl.training.schedule import learning_rate
from nlp_ssl.training.validation import HeldOut, evaluate, in_words, make_batches, make_held_out, together

CALIBRATION_STEPS = 8
"""Steps that are timed to turn a budget in minutes into steps."""
COUNTED_STEPS = 256
"""Steps whose FLOPs are counted to turn a budget in FLOPs into steps. Batches differ: with eight of them runs of one
budget were up to a tenth apart; and counting costs no more than to make them."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a run is expected to cost."""

    steps: int
    tokens: float
    """Tokens of text."""
    flops: float
    seconds: float
    update_seconds: float
    """Of an update on a single row: what one takes however small its batch, as in fine-tuning."""
    body_flops_per_token: float
    """Forward and backward, without the head: what another task costs on the same body."""


@dataclass
class Totals:
    """What a run has done so far, over all processes; saved with each checkpoint."""

    step: int = 0
    """Updates done."""
    steps: int = 0
    """Updates of the whole run."""
    tokens: int = 0
    """Tokens of text read, special tokens and padding left out."""
    targets: int = 0
    """Targets predicted."""
    flops: int = 0
    """FLOPs done, see nlp_ssl.models.flops."""
    seconds: float = 0.0
    """Seconds of training, evaluations and checkpoints left out."""
    window: dict[str, float] = field(default_factory=dict)
    """Sums over the steps since the last line of metrics, of which it will give the means."""

    def so_far(self) -> dict[str, float]:
        """Tokens, targets, FLOPs and seconds."""
        return {"tokens": self.tokens, "targets": self.targets, "flops": self.flops, "seconds": self.seconds}

    def add(self, **figures: float) -> None:
        """Count a step's figures into the window."""
        for key, value in figures.items():
            self.window[key] = self.window.get(key, 0.0) + value


def make_trainer(options: Pretrain, vocabulary: Vocabulary, text: TokenStream, examples: ExampleIndex) -> Trainer:
    """Model, optimizer and batches of a recipe, at its first step. InputError for options that do not fit."""
    transformers_logging.disable_progress_bar()  # ours says enough
    mixture = options.mixture
    config = configure(options.model, mixture, vocabulary, options.batch.max_length)
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
    wanted = options.optimizer
    optimizer: Any
    if wanted.method == "adagrad":
        optimizer = make_adagrad(model, wanted.epsilon)
    else:
        betas = (wanted.beta1, wanted.beta2)
        optimizer = make_optimizer(model, wanted.weight_decay, betas=betas, eps=wanted.epsilon)
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
        totals = Totals(steps=trainer.plan(Budget.parse(options.budget)))
        if totals.steps < 2**options.snapshots:
            raise InputError(
                f"snapshots is {options.snapshots}: the first is taken after 1/{2**options.snapshots} of the steps, "
                f"and {options.budget} are {totals.steps}"
            )
    if accelerator.is_main_process:
        run.record(options.out, options, corpus, accelerator.num_processes, str(accelerator.device))
        metrics.trim(totals.step if saved is not None else -1)
    held_out = make_held_out(options, corpus, vocabulary, accelerator)
    precision = resolve_precision(options.precision)
    how = f"{precision} on {accelerator.num_processes} x {accelerator.device}"
    describe(options, model, batches, held_out, totals, how)
    if options.log_with is not None:
        accelerator.init_trackers("nlp_ssl", {"seed": options.seed, "budget": options.budget})

    def keep(name: str) -> None:
        """Save the model as it is, as the snapshot of this name."""
        if accelerator.is_main_process:
            end = {"objective": mixture.name, "held_out": {}, **totals.so_far()} | sizes(model)
            with writing(options.out / "snapshots" / name) as beside:
                save_model(beside / "model", options, corpus, model, end | {"step": totals.step})
                write_text(beside / "recipe.toml", recipes.dump(options))

    status = trainer.take_steps(totals, metrics, held_out, keep)
    if status:
        say(f"stopped and saved at step {totals.step:,} of {totals.steps:,}: go on with --resume")
        return status
    figures = trainer.evaluate(held_out) if held_out else {}
    end = {"objective": mixture.name, "held_out": figures, **totals.so_far()} | sizes(model)
    if accelerator.is_main_process:
        save_model(options.out / "model", options, corpus, model, end | {"step": totals.step})
        metrics.append("end", totals.step, end)
        say(f"{in_words(figures)}  {quantity(totals.tokens)} tokens in {duration(totals.seconds)}".strip())
        say(f"model: {options.out / 'model'}   next: nlp-ssl finetune {options.out} --task NAME --data … --out …")
    return 0


def _leave_signals_to_the_run(worker: int) -> None:
    """Let a process that makes batches go on when its whole group is asked to stop: the last step needs it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def group_inputs(micro_batches: list[Batch], mixture: Mixture, vocabulary: Vocabulary) -> list[Inputs]:
    """What the model takes, of each micro-batch."""
    return [to_inputs(batch, mixture, vocabulary) for batch in micro_batches]


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
        parts = self.mixture.parts.values()
        self.weights = torch.tensor([part.weight for part in parts], device=accelerator.device)  # [parts]
        self._signal = 0  # the one that asked to stop
        self._clock = 0.0  # when the last step was read

    def update(self, step: int, rate: float, group: list[Inputs]) -> Tensor:
        """One update, on a group of micro-batches.

        Returns, on the device and over all processes: the gradient norm, wish to stop, text tokens, rows, then the
        targets of each part of the loss and their mean losses: [4 + 2 * parts].
        """
        accelerator, device = self.accelerator, self.accelerator.device
        group = [send_to_device(inputs, device, non_blocking=True) for inputs in group]
        mine = torch.stack([inputs.pop("counts") for inputs in group]).sum(0)  # text tokens, rows, targets of each part
        stop = torch.full_like(mine[:1], self._signal)
        counts = accelerator.reduce(torch.cat([stop, mine]), "sum")
        targets = counts[3:].clamp(min=1)  # [parts]
        sums = torch.zeros(len(targets), device=device)
        for micro, inputs in enumerate(group):
            if self.options.model.dropout:
                key = key_of("dropout", self.options.seed, step, accelerator.process_index, micro)
                torch.manual_seed(int(key) >> 1)
            last = micro + 1 == len(group)
            with contextlib.nullcontext() if last else accelerator.no_sync(self.model):
                losses = self.model(inputs)[:, 0]  # [parts]
                # Processes' gradients are averaged where they are to be summed.
                loss = (losses * self.weights * (accelerator.num_processes / targets)).sum()
                accelerator.backward(loss)
            sums += losses.detach()
        norm = accelerator.clip_grad_norm_(self.model.parameters(), self.options.optimizer.max_grad_norm)
        for parameters in self.optimizer.param_groups:
            parameters["lr"] = rate
        # Where this is 1 the fused update leaves the weights alone, and nobody has to wait for the device to know.
        self.optimizer.optimizer.found_inf = (~torch.isfinite(norm)).float()
        self.optimizer.step()
        self.optimizer.zero_grad()
        means = accelerator.reduce(sums, "sum") / targets
        return torch.cat([norm.reshape(1).double(), counts.double(), means.double()])

    def plan(self, budget: Budget) -> int:
        """How many steps a budget is."""
        batches = self.batches
        if budget.unit == "steps":
            steps = budget.amount
        elif budget.unit == "tokens":
            steps = budget.amount * len(batches) / batches.examples.length.sum()
        elif budget.unit == "flops":
            steps = budget.amount / self._flops_a_step
        else:
            steps = 60 * budget.amount / self._seconds_a_step([*map(self._inputs, self._drawn(CALIBRATION_STEPS))])
        return max(1, round(steps))

    def expect(self) -> Cost:
        """What the run will cost, from a few batches; the model is as it was afterwards."""
        drawn = [*self._drawn(CALIBRATION_STEPS)]
        sample = [*map(self._inputs, drawn)]
        steps = self.plan(Budget.parse(self.options.budget))
        tokens = float(np.mean([sum(int(inputs["counts"][0]) for inputs in group) for group in sample]))
        body = float(np.mean([sum(self._flops_of_body(inputs) for inputs in group) for group in sample]))
        single = [self._inputs([micro_batches[0].take(np.arange(1))]) for micro_batches in drawn]
        return Cost(
            steps=steps,
            tokens=steps * int(self.batches.examples.length.sum()) / len(self.batches),
            flops=steps * self._flops_a_step,
            seconds=steps * self._seconds_a_step(sample),
            update_seconds=self._seconds_a_step(single),
            body_flops_per_token=body / tokens,
        )

    def _drawn(self, steps: int) -> Iterator[list[Batch]]:
        """The micro-batches of so many steps, from all over an epoch."""
        return (self.batches[int(step)] for step in np.linspace(0, len(self.batches) - 1, steps))

    def _inputs(self, micro_batches: list[Batch]) -> list[Inputs]:
        return group_inputs(micro_batches, self.mixture, self.batches.vocabulary)

    @cached_property
    def _flops_a_step(self) -> float:
        """The FLOPs of a step in the mean, over all processes."""
        drawn = map(self._inputs, self._drawn(min(COUNTED_STEPS, len(self.batches))))
        mine = np.mean([sum(map(self._flops_of, group)) for group in drawn])
        return self._over_processes(float(mine), "sum")

    def _flops_of_body(self, inputs: Inputs) -> int:
        _, rows, *targets = inputs["counts"].tolist()
        return self._flops(inputs, rows, [0] * len(targets))

    def _flops_of(self, inputs: Inputs) -> int:
        _, rows, *targets = inputs["counts"].tolist()
        return self._flops(inputs, rows, targets)

    def _flops(self, inputs: Inputs, rows: int, targets: list[int]) -> int:
        by_part = dict(zip(self.mixture.parts, targets, strict=True))
        return self.flops.training(shape_of(inputs), list(inputs["decoder_ids"]), rows, by_part)

    def _over_processes(self, value: float, how: str) -> float:
        tensor = torch.tensor(value, dtype=torch.float32, device=self.accelerator.device)
        return float(self.accelerator.reduce(tensor, how))

    def _seconds_a_step(self, groups: list[list[Inputs]]) -> float:
        """Time updates with a learning rate of 0, which change nothing, each shape having been met before."""
        self.model.train()
        for _ in range(2):
            self._wait()
            started = time.perf_counter()
            for group in groups:
                self.update(0, 0.0, [dict(inputs) for inputs in group])
        self._wait()
        self.optimizer.optimizer.state.clear()
        return self._over_processes((time.perf_counter() - started) / len(groups), "mean")

    def _wait(self) -> None:
        if self.accelerator.device.type == "cuda":
            torch.cuda.synchronize()

    def take_steps(
        self, totals: Totals, metrics: run.Metrics, held_out: HeldOut | None, keep: Callable[[str], None]
    ) -> int:
        """Take the steps from `totals.step` on; returns 0, or the exit status of an interruption.

        `keep` is called where a snapshot is to be taken, with its name.
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
                evaluate = held_out is not None and done % evaluate_every == 0 and done < steps
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
                if evaluate and held_out is not None:
                    found = self.evaluate(held_out)
                    self._write(metrics, "evaluate", totals, found)
                    say(f"step {done:,}: held-out {in_words(found)}")
                if done in snapshots:
                    if self.accelerator.is_main_process:
                        metrics.append("snapshot", totals.step, {"name": snapshots[done], **totals.so_far()})
                    keep(snapshots[done])
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
        norm, stop, tokens, rows, *of_parts = figures.tolist()
        parts = list(self.mixture.parts)
        targets, losses = [int(n) for n in of_parts[: len(parts)]], of_parts[len(parts) :]
        loss = sum(part.weight * mean for part, mean in zip(self.mixture.parts.values(), losses, strict=True))
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise InputError(
                f"step {totals.step + 1}: the loss of {self.mixture.name} is {loss} (gradient norm {norm}), "
                "the update was not made: try a lower --optimizer.learning-rate or --precision fp32 in a new --out"
            )
        now = time.perf_counter()
        seconds, self._clock = now - self._clock, now
        flops = self._flops(inputs, int(rows), targets)
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
        metrics.append(event, totals.step, values | totals.so_far())
        if self.options.log_with is not None:
            self.accelerator.log({f"{event}/{key}": value for key, value in values.items()}, step=totals.step)

    def evaluate(self, held_out: HeldOut) -> dict[str, float]:
        """The held-out figures of the model as it is."""
        return evaluate(self.model, held_out, self.mixture, self.accelerator)

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


def means(window: dict[str, float], mixture: Mixture) -> dict[str, float]:
    """The figures of a line of metrics, from the sums over its steps."""
    of_parts = {name: {"loss": window[f"{name}_loss"] / max(window[f"{name}_targets"], 1)} for name in mixture.parts}
    targets = sum(window[f"{name}_targets"] for name in mixture.parts)
    return together(of_parts, mixture) | {
        "grad_norm": window["grad_norm"] / window["steps"],
        "tokens_per_second": window["tokens"] / window["seconds"],
        "targets_per_second": targets / window["seconds"],
        "flops_per_second": window["flops"] / window["seconds"],
    }


def describe(
    options: Pretrain, model: PretrainingModel, batches: Batches, held_out: HeldOut | None, totals: Totals, how: str
) -> None:
    """Say what is about to be done."""
    examples = batches.examples
    held = "none" if held_out is None else f"{held_out.steps:,} batches"
    weights = sizes(model)
    skipped = f", {examples.skipped:,} runs of sentences skipped" if examples.skipped else ""
    say(
        f"{options.mixture.name}: {type(model.whole()).__name__} of {quantity(weights['parameters'])} parameters "
        f"({quantity(weights['embedding_parameters'])} of them embeddings), {how}\n"
        f"{len(examples):,} examples{skipped}, {quantity(examples.length.sum())} tokens an epoch; rows of "
        f"{batches.widths.min()} to {batches.widths.max()} tokens in {len(batches.widths)} widths, "
        f"{batches.padding:.1%} padding\n"
        f"{totals.steps:,} steps of {options.batch.tokens:,} tokens, {totals.steps / len(batches):.2f} epochs; "
        f"held out: {held}"
    )


def sizes(model: PretrainingModel) -> dict[str, int]:
    """Parameters, and those of them in embeddings."""
    tables = [module.weight for module in model.modules() if isinstance(module, torch.nn.Embedding)]
    embeddings = {id(table): table.numel() for table in tables}
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "embedding_parameters": sum(embeddings.values()),
    }


def save_model(folder: Path, options: Pretrain, corpus: Corpus, model: PretrainingModel, end: dict[str, Any]) -> None:
    """Write a folder with model, tokenizer and card, loadable by transformers."""
    with writing(folder) as beside:
        model.whole().save_pretrained(beside)
        for head in model.further_heads():
            model.whole(head).save_pretrained(beside / HEADS_FOLDER / head)
        tokenizer = AutoTokenizer.from_pretrained(corpus.tokenizer_folder)
        tokenizer.model_max_length = options.batch.max_length
        tokenizer.save_pretrained(beside)
        (beside / "README.md").write_text(model_card(options, corpus, end), encoding="utf-8")
