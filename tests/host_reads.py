"""What a device would have to be waited for, counted on a CPU."""

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

READS = ("_local_scalar_dense", "nonzero", "masked_select", "is_nonzero", "equal", "unique", "repeat_interleave")


class HostReads(TorchDispatchMode):
    """Inside, lists the operations whose result the host reads: values, and shapes that depend on values."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = function.overloadpacket.__name__
        by_mask = name.startswith("index") and any(
            isinstance(index, torch.Tensor) and index.dtype == torch.bool
            for group in args
            if isinstance(group, list | tuple)
            for index in group
        )
        if name.lstrip("_").startswith(tuple(read.lstrip("_") for read in READS)) or by_mask:
            self.found.append(name)
        return function(*args, **(kwargs or {}))
