"""How much arithmetic a model does, counted from its real operations by PyTorch's FLOP counter.

A multiply-add is two FLOPs. The forward pass is counted, the backward pass taken as twice that; element-wise
work does not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

Inputs = dict[str, Any]
"""The inputs of a micro-batch (nlp_ssl.training.collate)."""

COUNTED_VIEWS = ("input_ids", "decoder_input_ids")
"""What of a view is counted with: masks cost nothing that is counted."""


class FlopCounter:
    """FLOPs of a training step, from the shapes of its batch: a body's by the row, a head's by the target.

    Each head's real loss is run on one row with one target. What its networks for whole rows do is counted by the
    row, the rest by the target, or by the row where the head says so (`Head.costs_per_row`).
    """

    def __init__(self, model: Any) -> None:
        """`model` is one in pretraining (nlp_ssl.training.model)."""
        self._model = model
        self._of_row: dict[Any, int] = {}
        self._of_target: dict[str, int] = {}
        self._of_batch: dict[tuple[str, int], int] = {}

    def training(self, inputs: Inputs, rows: int, targets: Mapping[str, int]) -> int:
        """FLOPs of forward and backward pass over `rows` rows of these shapes, with the `targets` of each loss."""
        shape = _shape(inputs)
        if shape not in self._of_row:
            self._of_row[shape], of_target = self._count(_one_row(inputs, self._device))
            self._of_target = self._of_target or of_target
        of_targets = sum(n * self._of_target[name] for name, n in targets.items())
        of_batch = sum(self._batch(name, inputs, n) for name, n in targets.items() if name in self._model.batch_losses)
        return 3 * (rows * self._of_row[shape] + of_targets + of_batch)

    def _batch(self, name: str, inputs: Inputs, rows: int) -> int:
        """FLOPs of comparing the vectors of so many rows."""
        if rows and (name, rows) not in self._of_batch:
            model, one = self._model, _one_row(inputs, self._device)
            loss, head, targets = model.losses[name], model.head(name), one["targets"][name]
            with torch.no_grad():
                encode, generator = model.encoder(one), torch.Generator(self._device)
                vectors = head.vectors(loss, encode, targets, generator).float()
            many = {key: tensor.expand(rows, *tensor.shape[1:]) for key, tensor in targets.items()}
            with torch.no_grad(), FlopCounterMode(display=False) as counter:
                head.batch_loss(loss, vectors.expand(rows, *vectors.shape[1:]), many)
            self._of_batch[name, rows] = int(counter.get_total_flops())
        return self._of_batch.get((name, rows), 0)

    @property
    def _device(self) -> torch.device:
        device: torch.device = next(self._model.parameters()).device
        return device

    def _count(self, inputs: Inputs) -> tuple[int, dict[str, int]]:
        """FLOPs of a forward pass over one row, and by loss those over one target."""
        model, of_target = self._model, {}
        bodies = [model.body, *(m for name in model.losses for m in model.head(name).body_modules())]
        counter = FlopCounterMode(display=False)
        training = model.training
        model.eval()
        # Compiled code cannot be counted. The counter knows the plain attention on every device; the fused ones do the
        # same products.
        with (
            torch.no_grad(),
            torch.compiler.set_stance("force_eager"),
            sdpa_kernel(SDPBackend.MATH),
            counter,
            _counted_in(bodies, counter) as in_bodies,
        ):
            encode = model.encoder(inputs)
            generator = torch.Generator(self._device)
            of_row = 0
            for name, loss in model.losses.items():
                head, before = model.head(name), counter.get_total_flops()
                before_bodies = in_bodies[0]
                if head.reduction == "target":
                    head.loss(loss, encode, inputs["targets"][name], generator)
                else:
                    head.vectors(loss, encode, inputs["targets"][name], generator)
                own = counter.get_total_flops() - before - (in_bodies[0] - before_bodies)
                of_row += int(own) if head.costs_per_row else 0
                of_target[name] = 0 if head.costs_per_row else int(own)
        model.train(training)
        return of_row + in_bodies[0], of_target


@contextmanager
def _counted_in(modules: list[nn.Module], counter: FlopCounterMode) -> Iterator[list[int]]:
    """Count the FLOPs that are done inside some modules; yields a list of that one number."""
    total, started = [0], []
    handles = []
    for module in dict.fromkeys(modules):
        handles.append(module.register_forward_pre_hook(lambda *_: started.append(counter.get_total_flops())))
        handles.append(
            module.register_forward_hook(
                lambda *_: total.__setitem__(0, total[0] + int(counter.get_total_flops() - started.pop()))
            )
        )
    try:
        yield total
    finally:
        for handle in handles:
            handle.remove()


def _shape(inputs: Inputs) -> tuple[Any, ...]:
    """The widths of a micro-batch."""
    tensors = {**inputs["views"], **inputs["targets"]}
    return tuple(
        (name, key, tensor.shape[-1])
        for name, of_name in tensors.items()
        for key, tensor in of_name.items()
        if tensor.ndim > 1 and key != "attention_mask"
    )


def _one_row(inputs: Inputs, device: torch.device) -> Inputs:
    """Inputs of one row and one target of each loss, in the widths of others."""

    def zeros(tensor: Tensor) -> Tensor:
        """[B, L] -> [1, L], [2, B, L] -> [2, 1, L], [B] or [T] -> [1]"""
        shape = (1,) if tensor.ndim == 1 else (*tensor.shape[:-2], 1, tensor.shape[-1])
        return torch.zeros(shape, dtype=tensor.dtype, device=device)

    views = {
        name: {key: zeros(tensor) for key, tensor in view.items() if key in COUNTED_VIEWS}
        for name, view in inputs["views"].items()
    }
    targets = {
        name: {key: zeros(tensor) for key, tensor in of_loss.items()} for name, of_loss in inputs["targets"].items()
    }
    return {"views": views, "targets": targets}


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
