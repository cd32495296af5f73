"""Adagrad (Duchi et al., JMLR 2011) for dense and sparse gradients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch.nn import Parameter


class Adagrad(torch.optim.Adagrad):
    """Fused Adagrad. Of a sparse gradient, which must be coalesced and on a CPU, only its rows are read and written.

    Sparse gradients come from compiled losses, so numba is there.
    """

    def __init__(self, parameters: Iterable[Parameter], epsilon: float) -> None:
        super().__init__(parameters, eps=epsilon, fused=True)
        self.found_inf: Any = 0.0  # read by fused optimizers

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Update the rows of sparse gradients, then the parameters with dense ones."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None and p.grad.is_sparse:
                    if not self.found_inf:
                        self._update_rows(p, group["lr"], group["eps"])
                    p.grad = None
        return super().step(closure)

    def _update_rows(self, p: Parameter, rate: float, epsilon: float) -> None:
        from nlp_ssl.models.compiled import adagrad

        assert p.grad is not None
        arrays = p.data, self.state[p]["sum"], p.grad.indices()[0], p.grad.values()
        adagrad(*(array.numpy() for array in arrays), rate, epsilon)
