"""Batches made ahead of the training loop: by data workers, which may die, and by a thread for a device.

With a device that runs ahead of the host, a thread takes the batches, from the workers or by making them itself, and
pins them while the training loop waits for the device.
"""

from __future__ import annotations

import contextlib
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, TypeVar

from torch.utils.data import DataLoader

from nlp_ssl.runtime import pinned
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.batches import Batches
from nlp_ssl.training.collate import Inputs

T = TypeVar("T")

GRACE = 20
"""Seconds that a worker goes on after SIGTERM: the last step before stopping still needs its batches."""


AHEAD = 2
"""Batches that the thread keeps ready."""


class WorkerDiedError(Exception):
    """A data worker has ended unexpectedly, for example because memory ran out."""


def load_batches(
    batches: Batches, steps: range, workers: int, collate: Callable[[list[Batch]], list[Inputs]], ahead: bool
) -> Iterator[list[Inputs]]:
    """The collated micro-batches of each step, made ahead by `workers` processes, or in this process for 0.

    With `ahead`, they are in pinned memory and ready `AHEAD` steps before they are used. WorkerDiedError where a worker
    has died. It is raised here, between two steps, so that the run can still be saved.
    """
    before = signal.getsignal(signal.SIGCHLD)
    loader: Any = DataLoader(
        batches,  # type: ignore[arg-type]  # it has a Dataset's methods
        batch_size=None,
        sampler=steps,
        num_workers=workers,
        collate_fn=collate,
        worker_init_fn=_delay_stop_signals,
    )
    found = iter(loader)
    signal.signal(signal.SIGCHLD, before)  # PyTorch's handler would raise in the middle of an update
    groups = _received(found)
    yield from prepared(groups, pinned) if ahead else groups


def _received(found: Iterator[list[Inputs]]) -> Iterator[list[Inputs]]:
    while True:
        try:
            group = next(found)
        except StopIteration:
            return
        except RuntimeError as error:
            if "exited unexpectedly" not in str(error):
                raise
            raise WorkerDiedError(str(error)) from None
        except (ConnectionError, EOFError, FileNotFoundError):  # it died while it handed over a batch
            raise WorkerDiedError("a DataLoader worker exited unexpectedly") from None
        yield group


def prepared(groups: Iterator[T], prepare: Callable[[T], T]) -> Iterator[T]:
    """`prepare` of each of `groups`, in their order, by a thread that is `AHEAD` of them. Passes its exceptions on."""
    ready: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(AHEAD - 1)  # and one in the thread's hands
    closed = threading.Event()

    def put(group: T | None, error: BaseException | None = None) -> None:
        while not closed.is_set():
            with contextlib.suppress(queue.Full):
                ready.put((group, error), timeout=0.1)
                return

    def work() -> None:
        try:
            for group in groups:
                put(prepare(group))
                if closed.is_set():
                    return
            put(None)
        except BaseException as error:  # raised where the training loop waits
            put(None, error)

    threading.Thread(target=work, daemon=True, name="batches").start()
    try:
        while True:
            group, error = ready.get()
            if error is not None:
                raise error
            if group is None:
                return
            yield group
    finally:
        closed.set()


def _delay_stop_signals(worker: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end_later)


def _end_later(number: int, frame: FrameType | None) -> None:
    signal.alarm(GRACE)  # SIGALRM ends the process
