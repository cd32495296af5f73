"""Weights that are NaN or infinite: a model with any is neither saved nor used."""

from __future__ import annotations

import torch

from nlp_ssl.errors import InputError


def require_finite(model: torch.nn.Module, name: str, remedy: str) -> None:
    """Raise InputError, beginning with `name` and ending in `remedy`, if a parameter has a NaN or infinite entry."""
    for key, weight in model.named_parameters():
        if not torch.isfinite(weight).all():
            raise InputError(f"{name}: the weights {key} are not finite: {remedy}")
