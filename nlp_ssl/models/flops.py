"""How much arithmetic a model does, counted from its real operations by PyTorch's FLOP counter.

A multiply-add is two FLOPs. The forward pass is counted, the backward pass taken as twice that; element-wise
work does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from nlp_ssl.models.collate import Inputs
from nlp_ssl.models.pretraining import PretrainingModel

Shape = tuple[int, ...]
"""The widths of a batch: of its rows, and of what each decoder reads, or of the words that are drawn for a row."""


def shape_of(inputs: Inputs) -> Shape:
    """The widths of a micro-batch."""
    others = [*inputs["decoder_ids"].values(), *([inputs["negatives"]] if "negatives" in inputs else [])]
    return (inputs["input_ids"].shape[1], *(ids.shape[1] for ids in others))


class FlopCounter:
    """FLOPs of a training step, from the shapes of its batch."""

    def __init__(self, model: PretrainingModel) -> None:
        self._model = model
        self._row: dict[Shape, int] = {}
        self._target: dict[str, int] = {}

    def training(self, shape: Shape, heads: Sequence[str], rows: int, targets: Mapping[str, int]) -> int:
        """FLOPs of forward and backward pass over `rows` rows of a shape, with the `targets` of each part.

        `heads` name the decoders whose widths are in the shape.
        """
        if shape not in self._row and self._model.body_kind == "static":
            self._row[shape], self._target = self._of_words(*shape), dict.fromkeys(targets, 0)
        elif shape not in self._row:
            ids = [torch.zeros((1, width), dtype=torch.long, device=self._device) for width in shape]
            inputs = {"input_ids": ids[0], "decoder_ids": dict(zip(heads, ids[1:], strict=True))}
            self._row[shape] = self._count(lambda: self._model.run_body(inputs))
            if not self._target:
                self._target = {part: self._of_target(part, inputs) for part in targets}
        return 3 * (rows * self._row[shape] + sum(count * self._target[part] for part, count in targets.items()))

    @property
    def _device(self) -> torch.device:
        return next(self._model.parameters()).device

    def _of_words(self, width: int, negatives: int) -> int:
        """FLOPs of a forward pass over a row of words: the products are of whole rows, however wide the windows."""
        ids = torch.zeros((1, width + negatives), dtype=torch.long, device=self._device)
        windows = dict.fromkeys(self._model.parts, torch.zeros_like(ids)[None, :, :width].expand(2, 1, width))
        inputs = {"input_ids": ids[:, :width], "negatives": ids[:, width:], "windows": windows}
        return self._count(lambda: self._model.forward(inputs))

    def _of_target(self, part: str, inputs: Inputs) -> int:
        """FLOPs of a forward pass of a part's head over one target."""
        one = torch.zeros(1, dtype=torch.long, device=self._device)
        inputs = {**inputs, "targets": {part: one}, "positions": {part: one}}
        with torch.no_grad():
            states = self._model.run_body(inputs)
        return self._count(lambda: self._model.run_head(part, states[part], inputs))

    @staticmethod
    def _count(forward: Callable[[], object]) -> int:
        """FLOPs of a forward pass."""
        counter = FlopCounterMode(display=False)
        # The counter knows the plain attention on every device; the fused ones do the same products.
        with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), counter:
            forward()
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
