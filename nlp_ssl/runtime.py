"""What every training needs from the machine: device, precision, Accelerate, attention, optimizers."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections import defaultdict
from typing import Any, Literal

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import recursively_apply, send_to_device
from transformers import PreTrainedModel

from nlp_ssl.errors import InputError

SHORT = 256
"""Up to this length in tokens, attention as plain matrix products trains faster on a CPU than fused attention. Forward
and backward of 2,048 tokens in bf16 took 10 ms against 27 ms for sequences of 128, 34 ms against 28 ms for 512."""

Precision = Literal["fp32", "bf16"]


def has_gpu() -> bool:
    """Whether there is an accelerator to train on. Apple's does not count: it lacks float64, which sums need."""
    device = torch.accelerator.current_accelerator(check_available=True)
    return device is not None and device.type != "mps"


def resolve_precision(wanted: Literal["auto", "fp32", "bf16"]) -> Precision:
    """The precision of matrix products: "auto" is bf16 on hardware that multiplies in it, else fp32."""
    if wanted != "auto":
        return wanted
    for gpu in (torch.cuda, torch.xpu):
        if gpu.is_available():
            return "bf16" if gpu.is_bf16_supported(including_emulation=False) else "fp32"
    return "bf16" if _cpu_multiplies_bf16() else "fp32"


def _cpu_multiplies_bf16() -> bool:
    """Whether the CPU has instructions for bf16 products (AVX-512 BF16 or AMX)."""
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_tile"))


def asks_for_fsdp() -> bool:
    """Whether the launcher asks for FSDP, as `accelerate launch --use_fsdp` does."""
    return os.environ.get("ACCELERATE_USE_FSDP", "false").lower() == "true"


def make_accelerator(precision: Precision, **options: Any) -> Accelerator:
    """Accelerate with this precision, also after an earlier command in this process has used another.

    On CUDA, matrix products of fp32 numbers are computed in TF32 from here on. `options` are those of
    `accelerate.Accelerator`. InputError if the launcher asks for FSDP and they do not.
    """
    if "fsdp_plugin" not in options and asks_for_fsdp():
        raise InputError("FSDP: only pretrain divides a model among processes; launch this command without --use_fsdp")
    mixed = "bf16" if precision == "bf16" else "no"
    _forget_other_precision(mixed)
    if torch.cuda.is_available():
        torch.set_float32_matmul_precision("high")  # TF32; compiling fails after torch.backends' newer setting
    on_cpu = not has_gpu()
    if on_cpu:
        keep_freed_memory()
    return Accelerator(mixed_precision=mixed, cpu=on_cpu, **options)


def runs_ahead(device: torch.device) -> bool:
    """Whether the device works off a queue while the host goes on, and copies from and to pinned memory meanwhile."""
    return device.type in ("cuda", "xpu")


def pinned(tensors: Any) -> Any:
    """Nested tensors in pinned memory, which the device can copy by itself."""
    return recursively_apply(lambda tensor: tensor.pin_memory(), tensors)


def to_device(tensors: Any, device: torch.device) -> Any:
    """Nested tensors on the device. The host does not wait until they are there."""
    if not runs_ahead(device):
        return send_to_device(tensors, device)
    return send_to_device(pinned(tensors), device, non_blocking=True)


class Figures:
    """Numbers on the way from the device to the host.

    The copy begins at once. Reading waits for it alone, not for what the device was given to do afterwards.
    """

    def __init__(self, numbers: torch.Tensor) -> None:
        """`numbers` [N] on any device."""
        self._numbers, self._copied = numbers, None
        if runs_ahead(numbers.device):
            self._numbers = torch.empty_like(numbers, device="cpu", pin_memory=True)
            self._numbers.copy_(numbers, non_blocking=True)
            self._copied = torch.Event(numbers.device)
            self._copied.record()

    def read(self) -> list[float]:
        """The numbers."""
        if self._copied is not None:
            self._copied.synchronize()
        found: list[float] = self._numbers.tolist()
        return found


def full_precision(tensor: torch.Tensor) -> Any:
    """A context in which `tensor`'s device computes in the precision of its inputs, also within autocast."""
    kind = tensor.device.type
    return torch.autocast(kind, enabled=False) if torch.amp.is_autocast_available(kind) else contextlib.nullcontext()


def _forget_other_precision(mixed: str) -> None:
    """Reset Accelerate's state, which is one for the whole process, if it has another precision than `mixed`.

    Accelerate has no public function for this.
    """
    if AcceleratorState._shared_state and AcceleratorState().mixed_precision != mixed:
        AcceleratorState._reset_state()


def keep_freed_memory() -> None:
    """Keep the memory of freed large arrays in this process for the next step. Affects glibc only.

    By default glibc returns it to the system, which zeroes it page by page when it is needed again: 25,000 page faults
    in a step of a 4 x 256 causal LM over 1,024 tokens, a tenth of its time. Arrays above 32 MB still go back to the
    system, because they would fragment glibc's heap.
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # <malloc.h>
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        libc.mallopt(M_MMAP_THRESHOLD, 2**25)  # the maximum


def choose_attention(model: torch.nn.Module, longest: int) -> None:
    """Use the faster attention for training on sequences of up to `longest` tokens."""
    if longest > SHORT or has_gpu():
        return
    for module in model.modules():
        if isinstance(module, PreTrainedModel) and module.config._attn_implementation == "sdpa":
            module.set_attn_implementation("eager")


def make_optimizer(model: torch.nn.Module, weight_decay: float, **options: Any) -> torch.optim.AdamW:
    """Fused AdamW on the trainable parameters. `options` are those of `torch.optim.AdamW`."""
    return torch.optim.AdamW(parameter_groups(model, weight_decay), fused=True, **options)


def parameter_groups(model: torch.nn.Module, weight_decay: float, embedding_rate: float = 1.0) -> list[dict[str, Any]]:
    """Groups of the trainable parameters, without weight decay for biases and norms.

    A group's `scale` is its learning rate as a multiple of that of the schedule: `embedding_rate` for embeddings, else
    1.
    """
    tables = {module.weight for module in model.modules() if isinstance(module, torch.nn.Embedding)}
    groups = defaultdict[tuple[float, float], list[torch.nn.Parameter]](list)
    for p in model.parameters():
        if p.requires_grad:
            groups[weight_decay if p.ndim >= 2 else 0.0, embedding_rate if p in tables else 1.0].append(p)
    return [{"params": params, "weight_decay": decay, "scale": scale} for (decay, scale), params in groups.items()]
