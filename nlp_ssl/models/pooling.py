"""Pooling: one vector per sequence."""

from __future__ import annotations

from torch import Tensor


def mean_pooled(states: Tensor, mask: Tensor | None) -> Tensor:
    """Mean over tokens: `states` [B, L, H] -> [B, H]. `mask` [B, L] is 0 at tokens to leave out; None to use all.

    A row without tokens to use has zeros.
    """
    if mask is None:
        return states.mean(1)
    return (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
