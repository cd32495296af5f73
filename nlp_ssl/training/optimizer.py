"""Optimizers, and skipping updates with non-finite gradients."""

from __future__ import annotations

from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.nn.utils import get_total_norm

from nlp_ssl.recipe import Optimizer
from nlp_ssl.runtime import make_optimizer
from nlp_ssl.training.adagrad import Adagrad


def optimizer_of(model: torch.nn.Module, wanted: Optimizer) -> Any:
    """The optimizer of a recipe, for the model's trainable parameters."""
    if wanted.method == "adagrad":
        return Adagrad([p for p in model.parameters() if p.requires_grad], wanted.epsilon)
    return make_optimizer(model, wanted.weight_decay, betas=(wanted.beta1, wanted.beta2), eps=wanted.epsilon)


def skip_unless_finite(optimizer: torch.optim.Optimizer, norm: Tensor) -> None:
    """Skip the next update if the gradient norm is not finite, without synchronising the device.

    PyTorch's fused optimizers read `found_inf`, which `torch.amp.GradScaler` sets in the same way.
    """
    optimizer.found_inf = (~torch.isfinite(norm)).float()  # type: ignore[attr-defined]


@torch.no_grad()
def clip_gradients(accelerator: Accelerator, model: torch.nn.Module, optimizer: Any, maximum: float) -> Tensor:
    """Scale the gradients to a norm of at most `maximum`. Returns their norm before.

    Sparse gradients are coalesced for Adagrad and dense for other optimizers, which need all rows.
    """
    sparse = [p for p in model.parameters() if p.grad is not None and p.grad.is_sparse]
    if not sparse:
        norm: Tensor = accelerator.clip_grad_norm_(model.parameters(), maximum)
        return norm
    for p in sparse:
        assert p.grad is not None
        p.grad = _coalesced(p.grad) if isinstance(optimizer, Adagrad) else p.grad.to_dense()
    values = [p.grad.values() if p.grad.is_sparse else p.grad for p in model.parameters() if p.grad is not None]
    norm = get_total_norm(values)
    if norm > maximum:
        for gradient in values:
            gradient.mul_(maximum / norm)
    return norm


def _coalesced(gradient: Tensor) -> Tensor:
    """A sparse gradient with each row once. PyTorch drops the mark of gradients that are, so it is set here again."""
    once = bool((gradient._indices()[0].diff() > 0).all())
    return gradient._coalesced_(True) if once else gradient.coalesce()
