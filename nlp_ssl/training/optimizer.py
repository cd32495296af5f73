"""Optimizers, and updates that leave the weights alone where gradients are not finite."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nlp_ssl.recipe import Optimizer
from nlp_ssl.runtime import make_adagrad, make_optimizer


def optimizer_of(model: torch.nn.Module, wanted: Optimizer) -> Any:
    """The optimizer of a recipe, for the parameters that are trained."""
    if wanted.method == "adagrad":
        return make_adagrad(model, wanted.epsilon)
    return make_optimizer(model, wanted.weight_decay, betas=(wanted.beta1, wanted.beta2), eps=wanted.epsilon)


def skip_unless_finite(optimizer: torch.optim.Optimizer, norm: Tensor) -> None:
    """Have the next update leave the weights alone if a gradient norm is not finite, decided on the device.

    Fused optimizers of PyTorch read `found_inf`, which `torch.amp.GradScaler` sets in the same way.
    """
    optimizer.found_inf = (~torch.isfinite(norm)).float()  # type: ignore[attr-defined]
