"""The loss of a language head over the vocabulary, some targets at a time.

All logits at once would be the largest arrays of a run by far, written and read several times over: for 4,096 tokens
and 16,384 words on a CPU, chunks halve the time of the head. Gradients are taken along with the loss, by autograd over
the head's own code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from nlp_ssl.sampling.targets import NO_LABEL

LogitsOf = Callable[[Tensor], Tensor]
"""Hidden states [T, H] -> logits [T, V]."""

LOGITS_AT_ONCE = (2**22, 2**27)
"""Logits computed at once, on a CPU (16 MB; larger arrays would come from the system anew each time) and elsewhere."""


def vocabulary_loss(
    logits_of: LogitsOf, hidden: Tensor, labels: Tensor, vocab_size: int, parameters: Sequence[nn.Parameter]
) -> Tensor:
    """The cross-entropy summed over the labels [T], in nats, float32, with gradients for `hidden` and `parameters`.

    `hidden` [T, H]; labels of NO_LABEL count nothing. RuntimeError if it is differentiated twice.
    """
    loss: Tensor = _ChunkedLoss.apply(hidden, labels, (logits_of, vocab_size), *parameters)  # type: ignore[no-untyped-call]
    return loss


@torch.no_grad()
def vocabulary_metrics(logits_of: LogitsOf, hidden: Tensor, labels: Tensor, vocab_size: int) -> tuple[Tensor, Tensor]:
    """The summed cross-entropy, and how many labels [T] have the highest logit; float32, without gradients."""
    loss, correct = (hidden.new_zeros((), dtype=torch.float32) for _ in range(2))
    for part in chunks(labels, vocab_size):
        logits = logits_of(hidden[part])
        loss += nn.functional.cross_entropy(logits.float(), labels[part], reduction="sum")
        correct += (logits.argmax(-1) == labels[part]).sum()
    return loss, correct


def chunks(labels: Tensor, vocab_size: int) -> Iterator[slice]:
    """Slices of the labels whose logits make up `LOGITS_AT_ONCE` at most."""
    size = max(1, LOGITS_AT_ONCE[labels.device.type != "cpu"] // vocab_size)
    return (slice(start, start + size) for start in range(0, len(labels), size))


class _ChunkedLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, labels: Tensor, head: tuple[LogitsOf, int], *parameters: Tensor) -> Tensor:
        logits_of, vocab_size = head
        total = hidden.new_zeros((), dtype=torch.float32)
        of_hidden = torch.empty_like(hidden)
        of_parameters: list[Tensor] = []
        for part in chunks(labels, vocab_size):
            with torch.enable_grad():
                rows = hidden[part].detach().requires_grad_()
                logits = logits_of(rows)
            loss, of_logits = cross_entropy_with_gradient(logits.detach(), labels[part])
            of_rows, *gradients = torch.autograd.grad(logits, [rows, *parameters], of_logits.to(logits.dtype))
            of_hidden[part] = of_rows
            if of_parameters:
                torch._foreach_add_(of_parameters, gradients)
            else:
                of_parameters = gradients
            total += loss
        ctx.gradients = of_hidden, of_parameters or [torch.zeros_like(parameter) for parameter in parameters]
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *of_loss: Tensor) -> tuple[Tensor | None, ...]:
        if ctx.gradients is None:
            raise RuntimeError("the loss over the vocabulary was differentiated before: compute it again")
        # Scaled in place, as a table's gradient is as large as anything in a step; so it can be used only once.
        of_hidden, of_parameters = ctx.gradients
        ctx.gradients = None
        return of_hidden.mul_(of_loss[0]), None, None, *[gradient.mul_(of_loss[0]) for gradient in of_parameters]


def cross_entropy_with_gradient(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The summed cross-entropy of logits [T, V] and its gradient [T, V], both float32: softmax, less 1 at the label.

    Autograd would fill an array of that size with zeros and go over the logits twice more.
    """
    counts = labels != NO_LABEL  # [T]
    own = labels.clamp(min=0)[:, None]  # [T, 1]
    scores = logits.float()
    gradient = scores.softmax(dim=1)
    # The likeliest word's share is e^0 of the sum that softmax divides by, and 1 / V at least.
    log_sum = scores.amax(dim=1) - gradient.amax(dim=1).log()
    loss = ((log_sum - scores.gather(1, own)[:, 0]) * counts).sum()
    gradient.scatter_add_(1, own, gradient.new_full((1, 1), -1.0).expand(len(own), 1))
    return loss, gradient.mul_(counts[:, None])
