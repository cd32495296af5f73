"""Import large packages faster."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


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
