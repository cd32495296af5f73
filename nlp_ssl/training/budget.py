"""Convert a budget into optimizer steps and estimate the cost of a run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from accelerate.utils import send_to_device

from nlp_ssl.recipe import Budget
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.training.collate import Inputs, collate_group

if TYPE_CHECKING:
    from nlp_ssl.training.loop import Trainer

CALIBRATION_STEPS = 8
"""Steps timed to convert a budget in minutes into steps."""
COUNTED_STEPS = 256
"""Steps whose FLOPs are counted to convert a budget in FLOPs into steps. Batches differ in cost: with 8 steps, runs of
one budget differed by up to 10 %."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Expected cost of a run."""

    steps: int
    """Optimizer steps."""
    tokens: float
    """Text tokens, without special tokens and padding."""
    flops: float
    """Training FLOPs over all processes."""
    seconds: float
    """Training time in seconds."""
    update_seconds: float
    """Seconds for an update on a single sequence: the lower bound for any batch, such as one in fine-tuning."""
    body_flops_per_token: float
    """FLOPs of the body's forward and backward pass per text token, without heads."""


class Estimate:
    """Estimates steps and cost from a sample of a trainer's batches. Leaves the model unchanged."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer, self.batches, self.accelerator = trainer, trainer.batches, trainer.accelerator

    def steps(self, budget: Budget) -> int:
        """The number of optimizer steps in a budget, at least 1."""
        batches = self.batches
        if budget.unit == "steps":
            steps = budget.amount
        elif budget.unit == "epochs":
            steps = budget.amount * len(batches)
        elif budget.unit == "tokens":
            steps = budget.amount * len(batches) / batches.examples.length.sum()
        elif budget.unit == "flops":
            steps = budget.amount / self._flops_a_step
        else:
            steps = 60 * budget.amount / self._seconds_a_step([*map(self._inputs, self._drawn(CALIBRATION_STEPS))])
        return max(1, round(steps))

    def cost(self) -> Cost:
        """The expected cost of the whole run."""
        drawn = [*self._drawn(CALIBRATION_STEPS)]
        sample = [*map(self._inputs, drawn)]
        steps = self.steps(Budget.parse(self.trainer.options.budget))
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

    def trial(self) -> float:
        """The sum of the losses of a step, after its backward pass. Raises whatever the model raises."""
        trainer = self.trainer
        (micro_batches,) = self._drawn(1)
        group = [send_to_device(inputs, self.accelerator.device) for inputs in self._inputs(micro_batches)]
        targets = torch.stack([inputs.pop("counts") for inputs in group]).sum(0)[2:].clamp(min=1)  # [losses]
        trainer.model.train()
        sums = trainer.step.backward(0, group, targets)
        trainer.optimizer.zero_grad()
        return float((sums / targets).sum())

    def _drawn(self, steps: int) -> Iterator[list[Batch]]:
        """The micro-batches of `steps` steps, evenly spaced over an epoch that is the whole run."""
        batches = self.batches.in_run(len(self.batches))
        return (batches[int(step)] for step in np.linspace(0, len(batches) - 1, steps))

    def _inputs(self, micro_batches: list[Batch]) -> list[Inputs]:
        return collate_group(micro_batches, self.trainer.mixture, self.batches.vocabulary)

    @cached_property
    def _flops_a_step(self) -> float:
        """Mean FLOPs per step, summed over processes."""
        drawn = map(self._inputs, self._drawn(min(COUNTED_STEPS, len(self.batches))))
        mine = np.mean([sum(map(self._flops_of, group)) for group in drawn])
        return self._over_processes(float(mine), "sum")

    def _flops_of_body(self, inputs: Inputs) -> int:
        _, rows, *targets = inputs["counts"].tolist()
        return self.trainer.flops_of(inputs, rows, [0] * len(targets))

    def _flops_of(self, inputs: Inputs) -> int:
        _, rows, *targets = inputs["counts"].tolist()
        return self.trainer.flops_of(inputs, rows, targets)

    def _over_processes(self, value: float, how: str) -> float:
        tensor = torch.tensor(value, dtype=torch.float32, device=self.accelerator.device)
        return float(self.accelerator.reduce(tensor, how))

    def _seconds_a_step(self, groups: list[list[Inputs]]) -> float:
        """Mean seconds per update, timed at a learning rate of 0 after one warm-up pass over the same shapes."""
        self.trainer.model.train()
        for _ in range(2):
            self._wait()
            started = time.perf_counter()
            for group in groups:
                self.trainer.update(0, 0.0, [dict(inputs) for inputs in group])
        self._wait()
        self.trainer.optimizer.optimizer.state.clear()
        return self._over_processes((time.perf_counter() - started) / len(groups), "mean")

    def _wait(self) -> None:
        if self.accelerator.device.type == "cuda":
            torch.cuda.synchronize()
