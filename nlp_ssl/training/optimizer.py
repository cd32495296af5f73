"""Optimizers, and skipping updates with non-finite gradients."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nlp_ssl.recipe import Optimizer
from nlp_ssl.runtime import make_adagrad, make_optimizer


def optimizer_of(model: torch.nn.Module, wanted: Optimizer) -> Any:
    """The optimizer of a recipe, for the model's trainable parameters."""
    if wanted.method == "adagrad":
        return make_adagrad(model, wanted.epsilon)
    return make_optimizer(model, wanted.weight_decay, betas=(wanted.beta1, wanted.beta2), eps=wanted.epsilon)


def skip_unless_finite(optimizer: torch.optim.Optimizer, norm: Tensor) -> None:
    """Skip the next update if the gradient norm is not finite, without synchronising the device.

    PyTorch's fused optimizers read `found_inf`, which `torch.amp.GradScaler` sets in the same way.
    """
    optimizer.found_inf = (~torch.isfinite(norm)).float()  # type: ignore[attr-defined]
