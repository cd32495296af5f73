"""What every training needs: its arithmetic, Accelerate, an optimizer."""

from __future__ import annotations

import ctypes
import sys
from typing import Any, Literal

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from transformers import PreTrainedModel

SHORT = 256
"""On a CPU attention over rows of up to this many tokens is trained faster as plain matrix products. For 2,048 tokens
in bf16, forward and backward took 10 ms against the fused one's 27 (rows of 128), and 34 against 28 (rows of 512)."""

Precision = Literal["fp32", "bf16"]


def has_gpu() -> bool:
    """Whether there is an accelerator to train on. Apple's is none: it has no float64, which sums are kept in."""
    device = torch.accelerator.current_accelerator(check_available=True)
    return device is not None and device.type != "mps"


def resolve_precision(wanted: Literal["auto", "fp32", "bf16"]) -> Precision:
    """`wanted`, or for "auto" bf16 where the hardware multiplies in it (weights and sums stay in fp32), else fp32."""
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    fast = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bf16" if fast else "fp32"


def make_accelerator(precision: Precision, **options: Any) -> Accelerator:
    """Accelerate on whatever there is, in place of what an earlier command in the same process has left."""
    mixed = "bf16" if precision == "bf16" else "no"
    if AcceleratorState._shared_state and AcceleratorState().mixed_precision != mixed:
        AcceleratorState._reset_state()
    on_cpu = not has_gpu()
    if on_cpu:
        keep_freed_memory()
    return Accelerator(mixed_precision=mixed, cpu=on_cpu, **options)


def keep_freed_memory() -> None:
    """Have this process keep the memory of large arrays that it frees, for the arrays of the next step.

    By default glibc gives it back to the system, which hands it out again page by page, zeroed: 25,000 page faults in a
    step of a causal LM of 4 x 256 over 1,024 tokens, a tenth of its time. Arrays of more than 32 MB still come from the
    system and go back there: on its own heap glibc would soon have holes between them that none fits into. Other C
    libraries are left as they are.
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # <malloc.h>
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        libc.mallopt(M_MMAP_THRESHOLD, 2**25)  # the most it takes


def choose_attention(model: torch.nn.Module, longest: int) -> None:
    """Have a model that is to be trained on rows of up to `longest` tokens attend by the faster of two ways."""
    if longest > SHORT or has_gpu():
        return
    for module in model.modules():
        if isinstance(module, PreTrainedModel) and module.config._attn_implementation == "sdpa":
            module.set_attn_implementation("eager")


def make_adagrad(model: torch.nn.Module, epsilon: float) -> torch.optim.Adagrad:
    """Adagrad, fused."""
    return torch.optim.Adagrad([p for p in model.parameters() if p.requires_grad], eps=epsilon, fused=True)


def make_optimizer(model: torch.nn.Module, weight_decay: float, **options: Any) -> torch.optim.AdamW:
    """AdamW, fused; biases and the gains of norms do not decay. `options` go to `torch.optim.AdamW`."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, fused=True, **options)
