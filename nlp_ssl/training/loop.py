"""The loop: steps of an optimizer over the batches of an objective.

The loss of a step is the sum over its targets, in float32, divided by their number over all processes and
micro-batches: how a batch is divided among them changes nothing. A step's figures are read one step later, so
that the device never waits; an update whose gradients are not finite is left out on the device, and stops the
run when it is read.
"""

from __future__ import annotations

import contextlib
import math
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor
from torch.utils.data import DataLoader
from transformers import AutoTokenizer
from transformers.utils import logging as transformers_logging

from nlp_ssl.console import duration, progress, quantity, say, warn
from nlp_ssl.corpus.batch import NO_LABEL, Batch
from nlp_ssl.corpus.batches import Batches
from nlp_ssl.corpus.examples import Examples, Text
from nlp_ssl.corpus.noise import key_of
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import InputError
from nlp_ssl.files import put_folder
from nlp_ssl.models.flops import FlopCounter, peak_flops
from nlp_ssl.models.pretraining import PretrainingModel, configure
from nlp_ssl.models.setup import make_accelerator, make_optimizer, resolve_precision
from nlp_ssl.objectives.base import Objective
from nlp_ssl.recipe import Budget
from nlp_ssl.training import checkpoint, run
from nlp_ssl.training.card import model_card
from nlp_ssl.training.pretrain import Pretrain, usable_examples
from nlp_ssl.training.schedule import learning_rate

CALIBRATION_STEPS = 8
"""Steps that are timed to turn a budget in minutes into steps."""

TARGETS_MULTIPLE = 64
"""The number of targets of a micro-batch is filled up to a multiple of this."""

Inputs = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a run is expected to cost."""

    steps: int
    tokens: float
    """Tokens of text."""
    flops: float
    seconds: float
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


def make_trainer(options: Pretrain, corpus: Corpus, text: Text, examples: Examples) -> Trainer:
    """Model, optimizer and batches of a recipe, at its first step. InputError for options that do not fit."""
    transformers_logging.disable_progress_bar()  # ours says enough
    objective = options.the_objective
    vocabulary = Vocabulary.of(corpus)
    config = configure(options.model, objective, vocabulary, options.batch.max_length)
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
    model = PretrainingModel(config, objective)
    if options.compile:
        model.body.compile()
    flops = FlopCounter(model)
    batches = make_batches(options, text, examples, vocabulary, options.seed, accelerator)
    adam = options.optimizer
    optimizer = make_optimizer(model, adam.weight_decay, betas=(adam.beta1, adam.beta2), eps=adam.epsilon)
    prepared, optimizer = accelerator.prepare(model, optimizer)
    peak = peak_flops(accelerator.device, precision)
    return Trainer(options, accelerator, prepared, optimizer, batches, flops, peak)


def train(options: Pretrain, corpus: Corpus, text: Text, examples: Examples) -> int:
    """Run or go on with a run; returns the exit status."""
    trainer = make_trainer(options, corpus, text, examples)
    accelerator, batches = trainer.accelerator, trainer.batches
    model = accelerator.unwrap_model(trainer.model)
    saved = checkpoint.newest(options.out / "checkpoints") if options.resume else None
    metrics = run.Metrics(options.out)
    if saved is not None:
        totals = Totals(**checkpoint.read_state(saved))
        accelerator.load_state(str(saved))
        if totals.step >= totals.steps and (options.out / "model").is_dir():
            say(f"{options.out} is finished: {totals.steps:,} steps; its model is in {options.out / 'model'}")
            return 0
        say(f"going on from step {totals.step:,} of {totals.steps:,}")
    else:
        totals = Totals(steps=trainer.plan(Budget.parse(options.budget)))
    if accelerator.is_main_process:
        run.record(options.out, options, corpus, accelerator.num_processes, str(accelerator.device))
        metrics.trim(totals.step if saved is not None else -1)
    held_out = make_held_out(options, corpus, batches.vocabulary, accelerator)
    precision = resolve_precision(options.precision)
    how = f"{precision} on {accelerator.num_processes} x {accelerator.device}"
    describe(options, model, batches, held_out, totals, how)
    if options.log_with is not None:
        accelerator.init_trackers("nlp_ssl", {"seed": options.seed, "budget": options.budget})

    status = trainer.take_steps(totals, metrics, held_out)
    if status:
        say(f"stopped and saved at step {totals.step:,} of {totals.steps:,}: go on with --resume")
        return status
    figures = trainer.evaluate(held_out) if held_out else {}
    end = {"objective": options.objective_name, "held_out": figures, **totals.so_far()} | sizes(model)
    if accelerator.is_main_process:
        save_model(options, corpus, model, end | {"step": totals.step})
        metrics.append("end", totals.step, end)
        say(f"{in_words(figures)}  {quantity(totals.tokens)} tokens in {duration(totals.seconds)}".strip())
        say(f"model: {options.out / 'model'}   next: nlp-ssl finetune {options.out} --task NAME --data … --out …")
    accelerator.end_training()
    return 0


def make_batches(
    options: Pretrain, text: Text, examples: Examples, vocabulary: Vocabulary, seed: int, accelerator: Accelerator
) -> Batches:
    """The objective's batches over some examples, this process's part of them."""
    objective = options.the_objective
    return Batches(
        text,
        examples,
        objective.example,
        objective.body,
        vocabulary,
        objective.corrupt,
        seed=seed,
        tokens=options.batch.tokens,
        accumulation=options.batch.accumulation,
        rank=accelerator.process_index,
        processes=accelerator.num_processes,
    )


def make_held_out(
    options: Pretrain, corpus: Corpus, vocabulary: Vocabulary, accelerator: Accelerator
) -> HeldOut | None:
    """The held-out batches: the same for every run on this corpus with these shapes, whatever its seed."""
    try:
        text, examples = usable_examples(corpus, "validation", options)
    except InputError as error:
        warn(f"no held-out figures: {error}")
        return None
    batches = make_batches(options, text, examples, vocabulary, 0, accelerator)
    steps = math.ceil(options.evaluation_tokens / (examples.length.sum() / len(batches)))
    counts = corpus.counts["validation"]
    return HeldOut(batches, min(steps, len(batches)), counts.bytes / counts.tokens)


@dataclass(frozen=True)
class HeldOut:
    """The batches of an evaluation: the first `steps` of a fixed order."""

    batches: Batches
    steps: int
    bytes_per_token: float


def to_inputs(micro_batches: list[Batch], objective: Objective) -> list[Inputs]:
    """What the model takes, of each micro-batch."""
    return [_inputs(batch, objective) for batch in micro_batches]


def _inputs(batch: Batch, objective: Objective) -> Inputs:
    labels = batch.labels[objective.head]
    inputs: dict[str, Any] = {"input_ids": torch.from_numpy(batch.ids)}
    if labels.ndim == 2:
        positions = np.flatnonzero(labels != NO_LABEL)
        labels = labels.ravel()[positions]
        # Few different numbers of targets, as every new shape costs a kernel: fill up with some that do not count.
        missing = -len(positions) % TARGETS_MULTIPLE
        inputs["positions"] = torch.from_numpy(np.pad(positions, (0, missing)))
        labels = np.pad(labels, (0, missing), constant_values=NO_LABEL)
    inputs["targets"] = torch.from_numpy(labels)
    # A decoder never looks at the padding behind; an encoder needs to be told of it, if there is any.
    if objective.body == "encoder" and (batch.length < batch.ids.shape[1]).any():
        mask = np.arange(batch.ids.shape[1]) < batch.length[:, None]
        inputs["attention_mask"] = torch.from_numpy(mask.astype(np.int64))
    if objective.example == "pair":
        inputs["token_type_ids"] = torch.from_numpy(batch.segment)
    # Text tokens, rows: for the count of what was read.
    inputs["read"] = torch.tensor([int(np.count_nonzero(batch.sentence >= 0)), len(batch.ids)])
    return inputs


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
        self.objective = options.the_objective
        self._signal = 0  # the one that asked to stop
        self._clock = 0.0  # when the last step was read

    def update(self, step: int, rate: float, group: list[Inputs]) -> Tensor:
        """One update, on a group of micro-batches.

        Returns [6], on the device: loss, gradient norm, targets, text tokens, rows, wish to stop, over all processes.
        """
        accelerator, device = self.accelerator, self.accelerator.device
        group = [{k: v.to(device, non_blocking=True) for k, v in inputs.items()} for inputs in group]
        read = torch.stack([inputs.pop("read") for inputs in group]).sum(0)  # [2]: text tokens, rows
        targets = torch.stack([(inputs["targets"] != NO_LABEL).sum() for inputs in group]).sum()
        stop = torch.full_like(targets, self._signal)
        counts = accelerator.reduce(torch.stack([targets, *read, stop]), "sum")  # [4]
        loss_sum = torch.zeros((), device=device)
        for micro, inputs in enumerate(group):
            if self.options.model.dropout:
                key = key_of("dropout", self.options.seed, step, accelerator.process_index, micro)
                torch.manual_seed(int(key) >> 1)
            last = micro + 1 == len(group)
            with contextlib.nullcontext() if last else accelerator.no_sync(self.model):
                loss, _ = self.model(**inputs)
                # Processes' gradients are averaged where they are to be summed.
                accelerator.backward(loss * (accelerator.num_processes / counts[0].clamp(min=1)))
            loss_sum += loss.detach()
        norm = accelerator.clip_grad_norm_(self.model.parameters(), self.options.optimizer.max_grad_norm)
        for parameters in self.optimizer.param_groups:
            parameters["lr"] = rate
        # Where this is 1 the fused update leaves the weights alone, and nobody has to wait for the device to know.
        self.optimizer.optimizer.found_inf = (~torch.isfinite(norm)).float()
        self.optimizer.step()
        self.optimizer.zero_grad()
        mean = accelerator.reduce(loss_sum, "sum") / counts[0].clamp(min=1)
        return torch.cat([torch.stack([mean, norm.to(mean.dtype)]).double(), counts.double()])

    def plan(self, budget: Budget) -> int:
        """How many steps a budget is."""
        batches = self.batches
        if budget.unit == "steps":
            steps = budget.amount
        elif budget.unit == "tokens":
            steps = budget.amount * len(batches) / batches.examples.length.sum()
        elif budget.unit == "flops":
            steps = budget.amount / self._flops_a_step(self._sample())
        else:
            steps = 60 * budget.amount / self._seconds_a_step(self._sample())
        return max(1, round(steps))

    def expect(self) -> Cost:
        """What the run will cost, from a few batches; the model is as it was afterwards."""
        sample, width = self._sample(), self.options.batch.max_length
        steps = self.plan(Budget.parse(self.options.budget))
        return Cost(
            steps=steps,
            tokens=steps * int(self.batches.examples.length.sum()) / len(self.batches),
            flops=steps * self._flops_a_step(sample),
            seconds=steps * self._seconds_a_step(sample),
            body_flops_per_token=self.flops.training(1, width, 0) / width,
        )

    def _sample(self) -> list[list[Inputs]]:
        """Some steps' inputs, from all over an epoch."""
        steps = np.linspace(0, len(self.batches) - 1, CALIBRATION_STEPS)
        return [to_inputs(self.batches[int(step)], self.objective) for step in steps]

    def _flops_a_step(self, groups: list[list[Inputs]]) -> float:
        mine = np.mean([sum(map(self._flops_of, group)) for group in groups])
        return self._over_processes(float(mine), "sum")

    def _flops_of(self, inputs: Inputs) -> int:
        rows, width = inputs["input_ids"].shape
        return self.flops.training(rows, width, len(inputs["targets"]))

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

    def take_steps(self, totals: Totals, metrics: run.Metrics, held_out: HeldOut | None) -> int:
        """Take the steps from `totals.step` on; returns 0, or the exit status of an interruption."""
        options, steps = self.options, totals.steps
        evaluate_every = max(1, steps // options.evaluations)
        loader: Any = DataLoader(
            self.batches,  # type: ignore[arg-type]  # it has what a Dataset has
            batch_size=None,
            sampler=range(totals.step, steps),
            num_workers=options.batch.workers,
            collate_fn=partial(to_inputs, objective=self.objective),
            pin_memory=self.accelerator.device.type == "cuda",
        )
        self.model.train()
        self._clock = time.perf_counter()
        label = f"pretrain {options.objective_name}"
        unread: tuple[int, Tensor] | None = None  # the width and the figures of the step before
        with self._heeding_signals(), progress(label, steps, "steps", totals.step) as job:
            for step, group in zip(range(totals.step, steps), loader, strict=True):
                width = group[0]["input_ids"].shape[1]
                rate = learning_rate(step, steps, options.optimizer)
                figures = self.update(step, rate, group)
                stop = unread is not None and self._read(*unread, totals)
                done = step + 1
                log = done % options.log_every == 0 or done == steps
                evaluate = held_out is not None and done % evaluate_every == 0 and done < steps
                save = done % options.save_every == 0 or done == steps or stop
                if log or evaluate or save:
                    stop = self._read(width, figures, totals) or stop
                    unread = None
                else:
                    unread = (width, figures)
                job.advance()
                if log:
                    line = means(totals.window) | {"learning_rate": rate}
                    if self.peak is not None:
                        line["mfu"] = line["flops_per_second"] / self.peak / self.accelerator.num_processes
                    totals.window = {}
                    self._write(metrics, "train", totals, line)
                    job.status = f"loss {line['loss']:.4f}  {quantity(line['tokens_per_second'])} tokens/s"
                if evaluate and held_out is not None:
                    found = self.evaluate(held_out)
                    self._write(metrics, "evaluate", totals, found)
                    say(f"step {done:,}: held-out {in_words(found)}")
                if save:
                    folder = options.out / "checkpoints"
                    checkpoint.save(self.accelerator, folder, vars(totals), options.keep_checkpoints)
                if evaluate or save:
                    self._clock = time.perf_counter()  # their time is not the steps'
                if stop and done < steps:
                    return 128 + (self._signal or signal.SIGTERM)
        return 0

    def _read(self, width: int, figures: Tensor, totals: Totals) -> bool:
        """Account for a step; whether a process was asked to stop. InputError where the loss was not finite."""
        loss, norm, targets, tokens, rows, stop = figures.tolist()
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise InputError(
                f"step {totals.step + 1}: the loss of {self.options.objective_name} is {loss} (gradient norm {norm}), "
                "the update was not made: try a lower --optimizer.learning-rate or --precision fp32 in a new --out"
            )
        now = time.perf_counter()
        seconds, self._clock = now - self._clock, now
        flops = self.flops.training(int(rows), width, int(targets))
        totals.step += 1
        totals.tokens += int(tokens)
        totals.targets += int(targets)
        totals.flops += flops
        totals.seconds += seconds
        totals.add(
            steps=1, loss=loss * targets, grad_norm=norm, targets=targets, tokens=tokens, flops=flops, seconds=seconds
        )
        return bool(stop)

    def _write(self, metrics: run.Metrics, event: str, totals: Totals, values: dict[str, float]) -> None:
        if not self.accelerator.is_main_process:
            return
        metrics.append(event, totals.step, values | totals.so_far())
        if self.options.log_with is not None:
            self.accelerator.log({f"{event}/{key}": value for key, value in values.items()}, step=totals.step)

    @torch.no_grad()
    def evaluate(self, held_out: HeldOut) -> dict[str, float]:
        """The held-out loss, in nats a target, and the objective's own metrics."""
        accelerator, device = self.accelerator, self.accelerator.device
        classes = len(self.objective.classes)
        sums = torch.zeros(4 + classes, dtype=torch.float64, device=device)
        self.model.eval()
        for step in range(held_out.steps):
            for inputs in to_inputs(held_out.batches[step], self.objective):
                inputs = {key: value.to(device) for key, value in inputs.items()}
                tokens, _ = inputs.pop("read")
                targets = inputs["targets"][inputs["targets"] != NO_LABEL]
                loss, correct = self.model(**inputs)
                found = torch.stack([loss.double(), correct.double(), tokens.double()])
                by_class = torch.bincount(targets, minlength=classes)[:classes] if classes else targets.new_zeros(0)
                count = torch.tensor([len(targets)], device=device)
                sums += torch.cat([found, count.double(), by_class.double()])
        self.model.train()
        loss, correct, tokens, count, *by_class = accelerator.reduce(sums, "sum").tolist()
        figures = {"loss": loss / count, "accuracy": correct / count, "held_out_targets": count}
        if classes:
            figures["majority"] = max(by_class) / count
        if self.objective.head == "causal_lm":
            figures["bits_per_byte"] = loss / math.log(2) / (tokens * held_out.bytes_per_token)
        return figures

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


def means(window: dict[str, float]) -> dict[str, float]:
    """The figures of a line of metrics, from the sums over its steps."""
    return {
        "loss": window["loss"] / max(window["targets"], 1),
        "grad_norm": window["grad_norm"] / window["steps"],
        "tokens_per_second": window["tokens"] / window["seconds"],
        "targets_per_second": window["targets"] / window["seconds"],
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
        f"{options.objective_name}: {type(model.head).__name__} of {quantity(weights['parameters'])} parameters "
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


def in_words(figures: dict[str, float]) -> str:
    """Held-out figures for people."""
    shown = {key.replace("_", " "): value for key, value in figures.items() if key != "held_out_targets"}
    return "  ".join(f"{key} {value:.4f}" for key, value in shown.items())


def save_model(options: Pretrain, corpus: Corpus, model: PretrainingModel, end: dict[str, Any]) -> None:
    """Write RUN/model: model, tokenizer and card, loadable by transformers."""
    final = options.out / "model"
    writing = options.out / "model.writing"
    for folder in (final, writing):
        shutil.rmtree(folder, ignore_errors=True)
    model.whole().save_pretrained(writing)
    tokenizer = AutoTokenizer.from_pretrained(corpus.tokenizer_folder)
    tokenizer.model_max_length = options.batch.max_length
    tokenizer.save_pretrained(writing)
    (writing / "README.md").write_text(model_card(options, corpus, end), encoding="utf-8")
    put_folder(writing, final)
