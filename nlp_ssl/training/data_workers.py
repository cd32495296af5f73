"""Data workers: processes that make batches ahead of the training loop, and what happens when one dies."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from torch.utils.data import DataLoader

from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.batches import Batches
from nlp_ssl.training.collate import Inputs

GRACE = 20
"""Seconds that a worker goes on after SIGTERM: the last step before stopping still needs its batches."""


class WorkerDiedError(Exception):
    """A data worker has ended unexpectedly, for example because memory ran out."""


def load_batches(
    batches: Batches, steps: range, workers: int, collate: Callable[[list[Batch]], list[Inputs]], pin_memory: bool
) -> Iterator[list[Inputs]]:
    """The collated micro-batches of each step, made ahead by `workers` processes, or in this process for 0.

    WorkerDiedError where a worker has died. It is raised here, between two steps, so that the run can still be saved.
    """
    before = signal.getsignal(signal.SIGCHLD)
    loader: Any = DataLoader(
        batches,  # type: ignore[arg-type]  # it has a Dataset's methods
        batch_size=None,
        sampler=steps,
        num_workers=workers,
        collate_fn=collate,
        worker_init_fn=_delay_stop_signals,
        pin_memory=pin_memory,
    )
    found = iter(loader)
    signal.signal(signal.SIGCHLD, before)  # PyTorch's handler would raise in the middle of an update
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


def _delay_stop_signals(worker: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end_later)


def _end_later(number: int, frame: FrameType | None) -> None:
    signal.alarm(GRACE)  # SIGALRM ends the process
