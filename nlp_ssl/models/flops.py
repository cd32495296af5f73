"""How much arithmetic a model does, counted from its real operations by PyTorch's FLOP counter.

A multiply-add is two FLOPs. The forward pass is counted, the backward pass taken as twice that; element-wise
work does not count.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from nlp_ssl.models.pretraining import PretrainingModel


class FlopCounter:
    """FLOPs of a training step, from the shapes of its batch."""

    def __init__(self, model: PretrainingModel) -> None:
        self._model = model
        self._row: dict[int, int] = {}
        self._target: int | None = None

    def training(self, rows: int, width: int, targets: int) -> int:
        """FLOPs of forward and backward pass over [rows, width] tokens, with `targets` at the head."""
        if width not in self._row:
            self._row[width] = self._count(lambda ids: self._model.body(input_ids=ids), width)
            if self._target is None:
                whole = self._count(lambda ids: self._model.forward(ids, *self._model.one_target(ids)), width)
                self._target = whole - self._row[width]
        assert self._target is not None
        return 3 * (rows * self._row[width] + targets * self._target)

    def _count(self, forward: Callable[[Tensor], object], width: int) -> int:
        """FLOPs of a forward pass over one row."""
        ids = torch.zeros((1, width), dtype=torch.long, device=next(self._model.parameters()).device)
        counter = FlopCounterMode(display=False)
        # The counter knows the plain attention on every device; the fused ones do the same products.
        with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), counter:
            forward(ids)
        return int(counter.get_total_flops())


PEAK_FLOPS_BF16 = {
    "B200": 2250e12,
    "H200": 989e12,
    "H100": 989e12,
    "A100": 312e12,
    "L40S": 362e12,
    "RTX 4090": 165e12,
    "L4": 121e12,
}
"""Dense bf16 peaks of GPUs by a part of their names, from the makers' data sheets."""


def peak_flops(device: torch.device, precision: str) -> float | None:
    """The peak of a device in FLOP/s, where it is known; MFU is measured against it."""
    if device.type != "cuda" or precision != "bf16":
        return None
    name = torch.cuda.get_device_name(device)
    return next((peak for part, peak in PEAK_FLOPS_BF16.items() if part in name), None)
