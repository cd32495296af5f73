"""Pooling: one vector for a row of tokens."""

from __future__ import annotations

from torch import Tensor


def mean_pooled(states: Tensor, mask: Tensor | None) -> Tensor:
    """The mean [B, H] of the vectors [B, L, H] of real tokens; `mask` [B, L] is 0 at padding, None without any."""
    if mask is None:
        return states.mean(1)
    return (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
