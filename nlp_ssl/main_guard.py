"""Scripts that start processes outside `if __name__ == "__main__":`.

A started process imports the script that started it. Without the guard, it would call the same function again.
"""

from __future__ import annotations

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from nlp_ssl.errors import InputError


def end_if_starting() -> None:
    """End this process, silently, if it is a new one that still imports its parent's script."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # multiprocessing's own check reads it too
        sys.exit(1)


def require_start(pool: ProcessPoolExecutor) -> None:
    """Wait until a process of a pool has started. InputError if it ended before."""
    try:
        pool.submit(int).result()
    except BrokenProcessPool:
        raise InputError(
            'a new process ended while it was starting: in a script, call nlp_ssl below `if __name__ == "__main__":`, '
            "since each process imports the script"
        ) from None
