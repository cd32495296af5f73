"""Cross-entropy over the vocabulary, computed in chunks of targets.

All logits at once would be by far the largest tensor of a run. For 4,096 tokens and a vocabulary of 16,384 on a CPU,
chunking halves the time of the head. The forward pass also computes the gradients, with autograd over the head's code.
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
"""Number of logits per chunk: on a CPU (16 MB; larger arrays are reallocated by the system each time) and on
other devices."""


def vocabulary_loss(
    logits_of: LogitsOf, hidden: Tensor, labels: Tensor, vocab_size: int, parameters: Sequence[nn.Parameter]
) -> Tensor:
    """The summed cross-entropy in nats, a float32 scalar, differentiable in `hidden` and `parameters`.

    `hidden` [T, H]; `labels` int64 [T], where NO_LABEL is ignored. RuntimeError on a second backward pass.
    """
    loss: Tensor = _ChunkedLoss.apply(hidden, labels, (logits_of, vocab_size), *parameters)  # type: ignore[no-untyped-call]
    return loss


@torch.no_grad()
def vocabulary_metrics(
    logits_of: LogitsOf, hidden: Tensor, labels: Tensor, vocab_size: int, unknown: int
) -> tuple[Tensor, Tensor]:
    """The summed cross-entropy in nats and the number of correct predictions, float32 scalars without gradients.

    The `unknown` token is never correct: its text is not known.
    """
    loss, correct = (hidden.new_zeros((), dtype=torch.float32) for _ in range(2))
    for part in chunks(labels, vocab_size):
        logits = logits_of(hidden[part])
        loss += nn.functional.cross_entropy(logits.float(), labels[part], reduction="sum")
        correct += ((logits.argmax(-1) == labels[part]) & (labels[part] != unknown)).sum()
    return loss, correct


def chunks(labels: Tensor, vocab_size: int) -> Iterator[slice]:
    """Slices of `labels` with about `LOGITS_AT_ONCE` logits each."""
    size = max(1, LOGITS_AT_ONCE[labels.device.type != "cpu"] // vocab_size)
    if size > 64:
        size = 64 * round(size / 64)  # 254 rows take a tenth longer than 256
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
            raise RuntimeError("vocabulary_loss cannot be differentiated twice: compute the loss again")
        # Scaled in place to save memory, so the gradients can be used only once.
        of_hidden, of_parameters = ctx.gradients
        ctx.gradients = None
        return of_hidden.mul_(of_loss[0]), None, None, *[gradient.mul_(of_loss[0]) for gradient in of_parameters]


def cross_entropy_with_gradient(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The summed cross-entropy of `logits` [T, V] and its gradient [T, V], both float32.

    The gradient is the softmax minus the one-hot label. Computed here because autograd needs two more passes over the
    logits.
    """
    counts = labels != NO_LABEL  # [T]
    own = labels.clamp(min=0)[:, None]  # [T, 1]
    scores = logits.float()
    gradient = scores.softmax(dim=1)
    # log(sum(exp(scores))) = max(scores) - log(max(softmax)); the maximum of a softmax is at least 1 / V.
    log_sum = scores.amax(dim=1) - gradient.amax(dim=1).log()
    loss = ((log_sum - scores.gather(1, own)[:, 0]) * counts).sum()
    gradient.scatter_add_(1, own, gradient.new_full((1, 1), -1.0).expand(len(own), 1))
    return loss, gradient.mul_(counts[:, None])
