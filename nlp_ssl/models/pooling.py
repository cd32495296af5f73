"""Pooling: one vector per sequence."""

from __future__ import annotations

from torch import Tensor


def mean_pooled(states: Tensor, mask: Tensor | None) -> Tensor:
    """Mean over tokens: `states` [B, L, H] -> [B, H]. `mask` [B, L] is 0 at padding; None if there is no padding."""
    if mask is None:
        return states.mean(1)
    return (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
