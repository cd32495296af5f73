"""A transformers model that learns a task, under Accelerate, and its training loop."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.inputs import Tokens, batches, has_token_types
from nlp_ssl.models.loading import quiet
from nlp_ssl.models.mask_reads import known_masks
from nlp_ssl.recipe import Optimizer
from nlp_ssl.runtime import Figures, Precision, choose_attention, make_accelerator, make_optimizer
from nlp_ssl.tasks.kinds.base import TaskKind
from nlp_ssl.training.optimizer import set_learning_rate, skip_unless_finite
from nlp_ssl.training.schedule import learning_rate

DROPOUT = 0.1
WARM_UP = 0.1  # fraction of all steps
WEIGHT_DECAY = 0.01  # of matrices; biases and norm weights are not decayed
CLIP = 1.0  # maximum gradient norm

Rows = npt.NDArray[np.int64]
"""Indices of examples."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """Training hyperparameters. The optimizer is AdamW with linear warm-up and linear decay to zero."""

    learning_rate: float
    """Peak learning rate."""
    epochs: int
    """Number of epochs of the schedule. Training may stop earlier."""
    batch_size: int
    """Number of examples in a batch, over all processes."""
    seed: int


class Network(ABC):
    """A model under Accelerate. Call `train` at most once, then `predict` and `save`."""

    def __init__(self, model: torch.nn.Module, tokenizer: Any, kind: TaskKind, precision: Precision) -> None:
        self.tokenizer = tokenizer
        self.kind = kind
        self.device = make_accelerator(precision)
        self.model = self.device.prepare(model)

    @abstractmethod
    def losses(self, tokens: Tokens, labels: npt.NDArray[Any]) -> Callable[[Rows], torch.Tensor]:
        """A function from rows to their loss, summed over their targets. `labels` [n, ...] are those of all rows."""

    @abstractmethod
    def targets(self, tokens: Tokens, rows: Rows) -> int:
        """The number of targets of rows: the divisor of their loss."""

    @abstractmethod
    def predict(self, tokens: Tokens, advance: Callable[[int], None] = lambda _: None) -> npt.NDArray[Any]:
        """Return the outputs [units, outputs], the same on all processes.

        `advance` is called after each batch with the number of examples in it.
        """

    def train(
        self, tokens: Tokens, labels: npt.NDArray[Any], training: Training, advance: Callable[[int], None]
    ) -> Iterator[int]:
        """Train on labels [n, ...] and yield the number of finished epochs after each epoch.

        `advance` is called after each step with the number of examples in it. The loss is the mean of
        `TaskKind.loss` over targets. A step with gradients that are not finite is not applied. It raises
        InputError when its loss is read, one step later.
        """
        choose_attention(self.model, int(tokens.lengths.max()))
        optimizer = self.device.prepare(make_optimizer(self.model, WEIGHT_DECAY, lr=training.learning_rate))
        summed = self.losses(tokens, labels)
        steps = training.epochs * -(-len(tokens.lengths) // training.batch_size)
        schedule = Optimizer(learning_rate=1.0, warmup=max(WARM_UP, 1 / steps))  # at least one step of warm-up
        step, unread = 0, None
        torch.manual_seed(training.seed + self.device.process_index)  # dropout
        for epoch in range(training.epochs):
            self.model.train()
            for rows in batches(tokens.lengths, training.batch_size, training.seed, epoch):
                with known_masks():
                    loss = self._share(summed, rows) / max(1, self.targets(tokens, rows))
                rate = training.learning_rate * learning_rate(step, steps, schedule)
                step += 1
                figures = Figures(self._update(optimizer, loss, rate))
                self._check(unread)
                unread = figures, f"step {step} of {steps} with learning rate {rate:.2g}"
                advance(len(rows))
            self._check(unread)
            unread = None
            yield epoch + 1

    def _check(self, unread: tuple[Figures, str] | None) -> None:
        """InputError if the loss or the gradient norm of a step is not finite."""
        if unread is None:
            return
        loss, norm = unread[0].read()
        if not np.isfinite([loss, norm]).all():
            raise InputError(
                f"fine-tuning: the loss is {loss} (gradient norm {norm}) at {unread[1]}; lower --learning-rates or use "
                "--precision fp32"
            )

    def _share(self, summed: Callable[[Rows], torch.Tensor], rows: Rows) -> torch.Tensor:
        """This process's part of the summed loss of a batch, scaled for gradients averaged over processes."""
        own = rows[self.device.process_index :: self.device.num_processes]
        scale = self.device.num_processes if len(own) else 0
        return summed(own if len(own) else rows[:1]) * scale  # every process takes part in the backward pass

    def _update(self, optimizer: Any, loss: torch.Tensor, rate: float) -> torch.Tensor:
        """Take a step. Returns its mean loss over processes and its gradient norm, float32 [2], on the device."""
        self.device.backward(loss)
        norm = self.device.clip_grad_norm_(self.model.parameters(), CLIP)
        set_learning_rate(optimizer, rate)
        skip_unless_finite(optimizer.optimizer, norm)
        optimizer.step()
        optimizer.zero_grad()
        return torch.stack([self.device.reduce(loss.detach(), "mean"), norm])

    def save(self, folder: Path, max_length: int) -> None:
        """Save model and tokenizer in Hugging Face format. The tokenizer gives what `predict` reads, to any program.

        Call nothing afterwards: the model has lost its mixed precision.
        """
        model = self.device.unwrap_model(self.model, keep_fp32_wrapper=False)
        self.tokenizer.model_max_length = max_length
        types = ["token_type_ids"] if has_token_types(model.config) else []
        self.tokenizer.model_input_names = ["input_ids", *types, "attention_mask"]
        self.tokenizer.init_kwargs["model_input_names"] = self.tokenizer.model_input_names  # or they are not saved
        with quiet():
            model.save_pretrained(folder)
            self.tokenizer.save_pretrained(folder)
