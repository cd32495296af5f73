"""Import large packages faster, and with the settings that they read from the environment."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def set_torch_environment() -> None:
    """Set what torch reads from the environment when it is imported, except what the user has set."""
    # Waiting threads that spin make training twenty times slower when another process needs the core.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Huge pages for large torch tensors, where the system allows it, save a tenth of a step on a CPU.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")


@contextmanager
def first_torch_import() -> Iterator[None]:
    """Pause garbage collection while a block imports torch and transformers, which takes a fifth of its time.

    Afterwards collections skip the imported objects. Does nothing if torch has been imported before.
    """
    if "torch" in sys.modules or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
