"""Training FLOPs of a model, counted with PyTorch's `FlopCounterMode`.

A multiply-add is two FLOPs. The forward pass is counted and the backward pass is taken as twice that. Element-wise
operations do not count. The forward pass runs on a copy of the model without weights (on the meta device): the model
itself may be compiled, and then must not run under `FlopCounterMode`, or divided among processes. The copy has weights
if a loss has shapes that depend on values, as with `tensor[mask]`, which a plug-in's may have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from nlp_ssl.models.mask_reads import known_masks

Inputs = dict[str, Any]
"""The inputs of a micro-batch (nlp_ssl.training.collate)."""

COUNTED_VIEWS = ("input_ids", "decoder_input_ids")
"""Tensors of a view that are used for counting. Masks add no counted operations."""


class FlopCounter:
    """FLOPs of a training step, from the shapes of its batch.

    Runs the loss of each head on one sequence with one target. The cost of the body and of `Head.body_modules` is
    scaled by the number of sequences. The rest of a head's cost is scaled by the number of targets, or of sequences if
    `Head.costs_per_row`.
    """

    def __init__(self, model: Any) -> None:
        """`model` is a `PretrainingModel` (nlp_ssl.training.model)."""
        self.twin = without_weights(model).train()
        """A copy of the model without weights."""
        self._original, self._model = model, self.twin
        self._device = torch.device("meta")
        self._of_row: dict[Any, int] = {}  # forward and backward
        self._of_target: dict[str, int] = {}
        self._of_batch: dict[tuple[str, int], int] = {}

    def training(self, inputs: Inputs, rows: int, targets: Mapping[str, int]) -> int:
        """FLOPs of the forward and backward pass over `rows` sequences of these shapes with `targets` per loss."""
        try:
            return self._training(inputs, rows, targets)
        except NotImplementedError:  # shapes that depend on values
            self._model = deepcopy(self._original).train()
            self._device = next(self._model.parameters()).device
            return self._training(inputs, rows, targets)

    def _training(self, inputs: Inputs, rows: int, targets: Mapping[str, int]) -> int:
        shape = _shape(inputs)
        if shape not in self._of_row:
            self._of_row[shape], of_target = self._count(_one_row(inputs, self._device))
            self._of_target = self._of_target or of_target
        of_targets = sum(n * self._of_target[name] for name, n in targets.items())
        of_batch = sum(self._batch(name, inputs, n) for name, n in targets.items() if name in self._model.batch_losses)
        return rows * self._of_row[shape] + 3 * (of_targets + of_batch)

    @known_masks()
    def _batch(self, name: str, inputs: Inputs, rows: int) -> int:
        """FLOPs of the forward pass of a whole-batch loss over `rows` sequences."""
        if rows and (name, rows) not in self._of_batch:
            model, one = self._model, _one_row(inputs, self._device)
            loss, head, targets = model.losses[name], model.head(name), one["targets"][name]
            vectors = head.vectors(loss, model.encoder(one), targets, torch.Generator()).float()
            many = {key: tensor.expand(rows, *tensor.shape[1:]) for key, tensor in targets.items()}
            with FlopCounterMode(display=False) as counter:
                head.batch_loss(loss, vectors.expand(rows, *vectors.shape[1:]), many)
            self._of_batch[name, rows] = int(counter.get_total_flops())
        return self._of_batch.get((name, rows), 0)

    @known_masks()
    def _count(self, inputs: Inputs) -> tuple[int, dict[str, int]]:
        """Training FLOPs per sequence, and for each loss forward FLOPs per target."""
        model, of_target = self._model, {}
        bodies = [model.body, *(m for name in model.losses for m in model.head(name).body_modules())]
        averaged = [] if model.averaged is None else [model.averaged]
        counter = FlopCounterMode(display=False)
        model.eval()
        # The counter supports only math attention; fused kernels compute the same products.
        with (
            torch.no_grad(),
            _ReadAsZero() if self._device.type == "meta" else nullcontext(),  # type: ignore[no-untyped-call]
            sdpa_kernel(SDPBackend.MATH),
            counter,
            _counted_in(bodies, counter) as in_bodies,
            _counted_in(averaged, counter) as in_averaged,
        ):
            encode = model.encoder(inputs)
            generator = torch.Generator()
            of_row = 0
            for name, loss in model.losses.items():
                head, before = model.head(name), counter.get_total_flops()
                before_bodies = in_bodies[0] + in_averaged[0]
                if head.reduction == "target":
                    head.loss(loss, encode, inputs["targets"][name], generator)
                else:
                    head.vectors(loss, encode, inputs["targets"][name], generator)
                own = counter.get_total_flops() - before - (in_bodies[0] + in_averaged[0] - before_bodies)
                of_row += int(own) if head.costs_per_row else 0
                of_target[name] = 0 if head.costs_per_row else int(own)
        model.train()
        return 3 * (of_row + in_bodies[0]) + in_averaged[0], of_target  # averaged weights get no gradient


def without_weights(model: nn.Module) -> Any:
    """A copy of a model on the meta device, which takes no memory: its tensors have shapes, but no values."""
    tensors = [*model.parameters(), *model.buffers()]
    return deepcopy(model, {id(tensor): _on_meta(tensor) for tensor in tensors})


def _on_meta(tensor: Tensor) -> Tensor:
    empty = torch.empty_like(tensor, device="meta")
    return nn.Parameter(empty, requires_grad=False) if isinstance(tensor, nn.Parameter) else empty


class _ReadAsZero(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Every value that the host reads is 0: some architectures read lengths that no product depends on."""

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return 0 if function is torch.ops.aten._local_scalar_dense.default else function(*args, **(kwargs or {}))


@contextmanager
def _counted_in(modules: list[nn.Module], counter: FlopCounterMode) -> Iterator[list[int]]:
    """Count the FLOPs inside `modules`. Yields a list with one element, the running count."""
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
    """The sequence lengths of all tensors of a micro-batch, as a key."""
    tensors = {**inputs["views"], **inputs["targets"]}
    return tuple(
        (name, key, tensor.shape[-1])
        for name, of_name in tensors.items()
        for key, tensor in of_name.items()
        if tensor.ndim > 1 and key != "attention_mask"
    )


def _one_row(inputs: Inputs, device: torch.device) -> Inputs:
    """Inputs on a device for one sequence and one target per loss, with the sequence lengths of `inputs`."""

    def one(tensor: Tensor) -> Tensor:
        """[B, L] -> [1, L], [2, B, L] -> [2, 1, L], [B] or [T] -> [1]"""
        shape = (1,) if tensor.ndim == 1 else (*tensor.shape[:-2], 1, tensor.shape[-1])
        first = tensor[:1] if tensor.ndim == 1 else tensor[..., :1, :]
        return (first if first.shape == shape else tensor.new_zeros(shape)).to(device)

    views = {
        name: {key: one(tensor) for key, tensor in view.items() if key in COUNTED_VIEWS}
        for name, view in inputs["views"].items()
    }
    targets = {
        name: {key: one(tensor) for key, tensor in of_loss.items()} for name, of_loss in inputs["targets"].items()
    }
    return {"views": views, "targets": targets}


PEAK_FLOPS_BF16 = {
    "B300": 2250e12,
    "B200": 2250e12,
    "H200 NVL": 835e12,
    "H200": 989e12,
    "H100 PCIe": 756e12,
    "H100 NVL": 835e12,
    "H100": 989e12,
    "A100": 312e12,
    "A10": 125e12,
    "RTX A6000": 155e12,
    "L40S": 362e12,
    "L40": 181e12,
    "L4": 121e12,
    "GeForce RTX 3090": 71e12,
    "GeForce RTX 4090": 165e12,
    "GeForce RTX 5090": 209e12,
    "Instinct MI300X": 1307e12,
}
"""Dense bf16 peak in FLOP/s by the GPU's name, from the vendors' data sheets. The first name that fits counts."""

_DETAILS = r"([ -](SXM\d?|PCIe|PCIE|HBM\w+|\d+GB))*"
"""What may follow a name: the socket and the memory."""


def peak_flops(device: torch.device, precision: str) -> float | None:
    """The peak of a device in FLOP/s, or None if unknown. The denominator of MFU."""
    if device.type != "cuda" or precision != "bf16":
        return None
    name = torch.cuda.get_device_name(device)
    return next(
        (peak for known, peak in PEAK_FLOPS_BF16.items() if re.fullmatch(rf"(NVIDIA|AMD) {known}{_DETAILS}", name)),
        None,
    )
