"""Whole tensors of a sharded model (FSDP2): for its gradient norm, for saving, and for checkpoints.

A checkpoint of a sharded run has the files and the form of one process's, so that either kind of run can continue the
other. Every process must call these functions.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import MODEL_NAME, OPTIMIZER_NAME
from torch import Tensor, nn
from torch.distributed.fsdp import FSDPModule
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.utils._pytree import tree_map_only


def full(tensor: Tensor) -> Tensor:
    """The whole of a tensor of which this process may have only a part."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


@torch.no_grad()
def whole_model(accelerator: Accelerator, model: nn.Module, twin: nn.Module) -> Any:
    """The model as one process has it. With FSDP: on the first process a copy on the CPU, elsewhere the sharded model.

    `twin` is a copy of the model without weights (nlp_ssl.models.flops.without_weights).
    """
    bare = accelerator.unwrap_model(model)
    if not accelerator.is_fsdp2:
        return bare
    _reshard(bare)
    own = {**dict(bare.named_parameters()), **dict(bare.named_buffers())}
    copies: dict[int, Any] = {}
    for name, empty in (*twin.named_parameters(), *twin.named_buffers()):
        tensor = full(own[name]).detach()
        if accelerator.is_main_process:
            copy = tensor.cpu()
            copies[id(empty)] = nn.Parameter(copy) if isinstance(empty, nn.Parameter) else copy
    return deepcopy(twin, copies) if accelerator.is_main_process else bare


@torch.no_grad()
def save_state(accelerator: Accelerator, folder: Path) -> None:
    """Write the weights and the optimizer's state of a sharded run."""
    (model,), (optimizer,) = accelerator._models, accelerator._optimizers  # Accelerate has no public names for them
    _reshard(model)
    gathered: dict[int, Tensor | None] = {}  # tied weights stay tied

    def gather(tensor: Tensor) -> Tensor | None:
        if id(tensor) not in gathered:
            whole = full(tensor).detach()
            gathered[id(tensor)] = whole.cpu() if accelerator.is_main_process else None
        return gathered[id(tensor)]

    weights, state = model.state_dict(keep_vars=True), optimizer.state_dict()
    for name, content in ((MODEL_NAME, weights), (OPTIMIZER_NAME, state)):
        whole = tree_map_only(Tensor, gather, dict(content))
        if accelerator.is_main_process:
            torch.save(whole, folder / f"{name}.bin")


@torch.no_grad()
def load_state(accelerator: Accelerator, folder: Path) -> None:
    """Load what `save_state` or `Accelerator.save_state` has written. ValueError if it is of another model."""
    (model,), (optimizer,) = accelerator._models, accelerator._optimizers
    weights, state = (
        torch.load(folder / f"{name}.bin", weights_only=True, map_location="cpu", mmap=True)
        for name in (MODEL_NAME, OPTIMIZER_NAME)
    )
    own = model.state_dict(keep_vars=True)
    if {name: t.shape for name, t in own.items()} != {name: t.shape for name, t in weights.items()}:
        raise ValueError("its weights have other names or shapes")
    for name, tensor in own.items():
        tensor.copy_(_part(weights[name], tensor))
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for number, of_parameter in state["state"].items():
        for key, value in of_parameter.items():
            if key != "step":
                of_parameter[key] = _part(value, parameters[number])
    optimizer.load_state_dict(state)


def _part(whole: Tensor, like: Tensor) -> Tensor:
    """The part of a whole tensor that this process has of the tensor `like`."""
    if not isinstance(like, DTensor):
        return whole
    return distribute_tensor(whole.to(like.device), like.device_mesh, like.placements, src_data_rank=None)


def _reshard(model: nn.Module) -> None:
    """Free gathered weights, which validation leaves behind: in bf16 they are rounded."""
    for module in model.modules():
        if isinstance(module, FSDPModule):
            module.reshard()
