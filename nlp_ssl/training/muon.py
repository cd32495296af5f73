"""Muon for the matrices of a model's layers, AdamW for its other parameters."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

MOMENTUM = 0.95
COEFFICIENTS = 3.4445, -4.7750, 2.0315
"""Of a Newton-Schulz iteration. These and `ITERATIONS` are the values of `torch.optim.Muon`."""
ITERATIONS = 5


class Muon(torch.optim.AdamW):
    """Muon (Jordan et al., 2024) for groups of matrices with `muon = True`, fused AdamW for the others.

    Orthogonalizes in `precision`. Skips an update on the device if `found_inf` is 1, which `torch.optim.Muon` cannot.
    """

    def __init__(self, groups: Any, precision: torch.dtype, **options: Any) -> None:
        """`options` are those of `torch.optim.AdamW`."""
        super().__init__(groups, fused=True, **options)
        self.precision = precision

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """One update. Frees the gradients of the matrices."""
        for group in self.param_groups:
            for p in group["params"] if group.get("muon") else ():
                if p.grad is not None:
                    self._step_matrix(p, p.grad, group["lr"], group["weight_decay"])
                    p.grad = None  # AdamW leaves parameters without gradients alone
        super().step(closure)

    def _step_matrix(self, p: Tensor, gradient: Tensor, rate: float, weight_decay: float) -> None:
        state = self.state[p]
        if not state:
            state["step"] = torch.zeros(())  # AdamW expects one wherever it loads a state
            state["momentum"] = torch.zeros_like(p)
        taken = 1 - self.found_inf  # type: ignore[attr-defined]
        gradient = torch.where(taken.bool(), gradient, 0.0)
        momentum = state["momentum"].lerp_(gradient, (1 - MOMENTUM) * taken)
        direction = orthogonalized(gradient.lerp(momentum, MOMENTUM).to(self.precision))  # Nesterov's momentum
        size = 0.2 * max(p.shape) ** 0.5  # that of AdamW's steps (Liu et al., Muon is Scalable for LLM Training, 2025)
        p.mul_(1 - rate * weight_decay * taken).sub_(direction * (rate * size * taken))


def orthogonalized(matrix: Tensor) -> Tensor:
    """A matrix [R, C] with all singular values changed to about 1."""
    a, b, c = COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if tall else x
