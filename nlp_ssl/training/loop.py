"""The training loop.

The metrics of a step are copied to the host right after it and read one step later, so that the device never waits. The
device skips an update with non-finite gradients; the run stops with an error when that step's metrics are read.
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
from torch import Tensor

from nlp_ssl.console import progress, quantity, say
from nlp_ssl.errors import InputError
from nlp_ssl.models.flops import FlopCounter
from nlp_ssl.runtime import Figures, runs_ahead, to_device
from nlp_ssl.sampling.batches import Batches
from nlp_ssl.training import checkpoint
from nlp_ssl.training import run_folder as run
from nlp_ssl.training.collate import Inputs, collate_group
from nlp_ssl.training.data_workers import WorkerDiedError, load_batches
from nlp_ssl.training.optimizer import clip_gradients, set_learning_rate, skip_unless_finite
from nlp_ssl.training.pretrain import Pretrain
from nlp_ssl.training.readable import format_metrics
from nlp_ssl.training.schedule import learning_rate
from nlp_ssl.training.step import Step
from nlp_ssl.training.totals import Totals, means
from nlp_ssl.training.validation import Validation, validate


class Trainer:
    """Trains a prepared model on batches.

    `peak` is the device's peak in FLOP/s, or None if unknown.
    """

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
        self._signal = 0  # number of the stop signal received, 0 for none
        self._clock = 0.0  # time at which the last step's metrics were read

    def update(self, step: int, rate: float, group: list[Inputs]) -> Tensor:
        """One optimizer update at learning rate `rate` from a step's micro-batches.

        Returns the step's metrics over all processes, float64 [4 + 2 * losses], on the device: gradient norm, stop
        flag, text tokens, sequences, targets of each loss, mean of each loss.
        """
        accelerator, device = self.accelerator, self.accelerator.device
        group = [to_device(inputs, device) for inputs in group]
        mine = torch.stack([inputs.pop("counts") for inputs in group]).sum(0)  # [2 + losses]
        stop = torch.full_like(mine[:1], self._signal)
        counts = accelerator.reduce(torch.cat([stop, mine]), "sum")
        targets = counts[3:].clamp(min=1)  # [losses]
        sums = self.step.backward(step, group, targets)
        norm = clip_gradients(accelerator, self.model, self.optimizer.optimizer, self.options.optimizer.max_grad_norm)
        set_learning_rate(self.optimizer, rate)
        skip_unless_finite(self.optimizer.optimizer, norm)
        self.optimizer.step()
        self.optimizer.zero_grad()
        if rate > 0:  # timed steps must not change queues and averaged weights
            self.step.bare.after_step()
        means = accelerator.reduce(sums, "sum") / targets
        return torch.cat([norm.reshape(1).double(), counts.double(), means.double()])

    def flops_of(self, inputs: Inputs, rows: int, targets: list[int]) -> int:
        """FLOPs of a training step with `rows` sequences of these inputs' lengths and `targets` targets per loss."""
        return self.flops.training(inputs, rows, dict(zip(self.mixture.losses, targets, strict=True)))

    def take_steps(
        self, totals: Totals, metrics: run.Metrics, validation: Validation | None, save_snapshot: Callable[[str], None]
    ) -> int:
        """Train from `totals.step` to `totals.steps`. Returns 0, or 128 + the signal's number if interrupted.

        `save_snapshot` is called with the name of each snapshot at its step.
        """
        options, steps = self.options, totals.steps
        evaluate_every = max(1, steps // options.evaluations)
        snapshots = {steps // part: name for name, part in run.snapshots(options.snapshots).items()}
        self.model.train()
        self._clock = time.perf_counter()
        label = f"pretrain {self.mixture.name}"
        unread: tuple[Inputs, Figures] | None = None  # of the step before
        loaded = self._load_batches(totals)
        with self._stopping_on_signals(), progress(label, steps, "steps", totals.step) as job:
            for step in range(totals.step, steps):
                try:
                    group = next(loaded)
                except WorkerDiedError as error:
                    raise self._end_without_worker(error, unread, totals) from None
                rate = learning_rate(step, steps, options.optimizer)
                figures = Figures(self.update(step, rate, group))
                stop = unread is not None and self._read(*unread, totals)
                done = step + 1
                log = done % options.log_every == 0 or done == steps
                evaluate = validation is not None and done % evaluate_every == 0 and done < steps
                save = done % options.save_every == 0 or done == steps
                if log or evaluate or save or stop or done in snapshots:
                    stop = self._read(group[0], figures, totals) or stop
                    unread = None
                else:
                    unread = (group[0], figures)
                job.advance()
                if log:
                    line = self._window_means(totals) | {"learning_rate": rate}
                    self._write(metrics, "train", totals, line)
                    job.status = self._status(line, totals)
                if evaluate and validation is not None:
                    found = self.validate(validation, totals)
                    self._write(metrics, "evaluate", totals, found)
                    phase = self.mixture.phase(totals.place)
                    say(f"step {done:,}{f' ({phase})' if phase else ''}: validation {format_metrics(found)}")
                if done in snapshots:
                    if self.accelerator.is_main_process:
                        metrics.append("snapshot", totals.step, {"name": snapshots[done], **totals.counters()})
                    save_snapshot(snapshots[done])
                if save or stop:  # whatever else this step did, a run that stops saves
                    self._save(totals)
                if evaluate or save or done in snapshots:
                    self._clock = time.perf_counter()  # exclude their time from the step's
                if stop and done < steps:
                    return 128 + (self._signal or signal.SIGTERM)
        return 0

    def _load_batches(self, totals: Totals) -> Iterator[list[Inputs]]:
        """The micro-batches of the steps from `totals.step` on."""
        return load_batches(
            self.batches.in_run(totals.steps),
            range(totals.step, totals.steps),
            self.options.batch.workers,
            partial(collate_group, mixture=self.mixture, vocabulary=self.batches.vocabulary),
            ahead=runs_ahead(self.accelerator.device),
        )

    def _save(self, totals: Totals) -> None:
        written = run.Metrics(self.options.out).checksum
        checkpoint.save(
            self.accelerator, self.options.out / "checkpoints", totals, self.options.keep_checkpoints, written
        )

    def _end_without_worker(
        self, error: Exception, unread: tuple[Inputs, Figures] | None, totals: Totals
    ) -> InputError:
        """Save what is done and say how to continue. Of several processes the others cannot join in, so none saves."""
        if unread is not None:
            self._read(*unread, totals)
        alone = self.accelerator.num_processes == 1 and totals.step > 0
        if alone:
            self._save(totals)
        done = f"saved at step {totals.step:,} of {totals.steps:,}; " if alone else ""
        return InputError(
            f"{error}: {done}continue with --resume {self.options.out}, with fewer --batch.workers if memory ran out"
        )

    def _window_means(self, totals: Totals) -> dict[str, float]:
        """Means since the last log line, and MFU if the device's peak is known. Starts a new window."""
        line = means(totals.window, self.mixture, totals.place)
        if self.peak is not None:
            line["mfu"] = line["flops_per_second"] / self.peak / self.accelerator.num_processes
        totals.window = {}
        return line

    def _status(self, line: dict[str, float], totals: Totals) -> str:
        """The loss and the speed, for the progress of the run."""
        name = f"{self.mixture.phase(totals.place)} loss".strip()
        loss = f"{name} {line['loss']:.4f}  " if "loss" in line else ""
        return f"{loss}{quantity(line['tokens_per_second'])} tokens/s"

    def _read(self, inputs: Inputs, figures: Figures, totals: Totals) -> bool:
        """Add a step's metrics to the totals. Returns whether to stop. InputError if the loss is not finite."""
        norm, stop, tokens, rows, *of_losses = figures.read()
        parts = list(self.mixture.losses)
        targets, losses = [int(n) for n in of_losses[: len(parts)]], of_losses[len(parts) :]
        loss = sum(term.weight * mean for term, mean in zip(self.mixture.losses.values(), losses, strict=True))
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise InputError(
                f"step {totals.step + 1}: the {self.mixture.name} loss is {loss} (gradient norm {norm}). "
                "The update was skipped. Try a lower --optimizer.learning-rate or --precision fp32 in a new --out"
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
        phase = self.mixture.phase(totals.place)
        metrics.append(event, totals.step, ({"phase": phase} if phase else {}) | values | totals.counters())
        if self.options.log_with is not None:
            self.accelerator.log({f"{event}/{key}": value for key, value in values.items()}, step=totals.step)

    def validate(self, validation: Validation, totals: Totals) -> dict[str, float]:
        """Validation metrics of the current model."""
        return validate(self.model, validation, self.mixture, self.accelerator, totals.place)

    @contextlib.contextmanager
    def _stopping_on_signals(self) -> Iterator[None]:
        """SIGTERM and Ctrl-C stop the run after the current step and a checkpoint; a second Ctrl-C stops at once."""

        def request_stop(number: int, _: FrameType | None) -> None:
            self._signal = number
            signal.signal(signal.SIGINT, signal.default_int_handler)
            say("stopping after this step and a checkpoint (Ctrl-C again to stop now)")

        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            for number in before:
                signal.signal(number, request_stop)
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
