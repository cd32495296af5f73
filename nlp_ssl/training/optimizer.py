"""Optimizers, and skipping updates with non-finite gradients."""

from __future__ import annotations

from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn.utils import get_total_norm
from transformers.pytorch_utils import Conv1D

from nlp_ssl.errors import InputError
from nlp_ssl.recipe import Optimizer
from nlp_ssl.runtime import Precision, parameter_groups
from nlp_ssl.training.adagrad import Adagrad
from nlp_ssl.training.muon import Muon
from nlp_ssl.training.sharding import full


def optimizer_of(model: Any, wanted: Optimizer, precision: Precision) -> Any:
    """The optimizer of a recipe, for the model's trainable parameters. Muon multiplies matrices in `precision`.

    InputError for Muon if the model's body has no layers.
    """
    if wanted.method == "adagrad":
        return Adagrad([p for p in model.parameters() if p.requires_grad], wanted.epsilon)
    groups = parameter_groups(model, wanted.weight_decay, wanted.embedding_rate)
    options: dict[str, Any] = {"betas": (wanted.beta1, wanted.beta2), "eps": wanted.epsilon}
    if wanted.method == "adamw":
        return torch.optim.AdamW(groups, fused=True, **options)
    matrices = matrices_of_layers(model.body)
    if not matrices:
        raise InputError("optimizer.method is 'muon': the model has no layers to train; use 'adamw' or 'adagrad'")
    for group in groups:
        group["params"] = [p for p in group["params"] if p not in matrices]
    own = {"params": [p for p in model.body.parameters() if p in matrices], "scale": wanted.matrix_rate, "muon": True}
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    return Muon([own | {"weight_decay": wanted.weight_decay}, *groups], dtype, **options)


def matrices_of_layers(body: nn.Module) -> set[Tensor]:
    """The trainable matrices of a body's linear layers, without those that are also embeddings."""
    tables = {module.weight for module in body.modules() if isinstance(module, nn.Embedding)}
    layers = [module.weight for module in body.modules() if isinstance(module, nn.Linear | Conv1D)]
    return {weight for weight in layers if weight.requires_grad and weight not in tables}


def set_learning_rate(optimizer: Any, rate: float) -> None:
    """Set the learning rate of the next update, scaled in each group of parameters."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("scale", 1.0)


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
        return full(accelerator.clip_grad_norm_(model.parameters(), maximum))
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
