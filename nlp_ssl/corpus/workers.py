"""Worker processes of a preparation."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from nlp_ssl import registry
from nlp_ssl.cluster import Cluster, connected
from nlp_ssl.main_guard import require_start
from nlp_ssl.signals import accept_stop, shielded

_BATCHES = 1024


@dataclass(frozen=True)
class Workers:
    """A pool of processes, a cluster, or this process alone."""

    pool: Executor | None

    def run(
        self,
        function: Callable[..., Any],
        calls: Sequence[tuple[Any, ...]],
        each: Callable[[int], None] = lambda number: None,
    ) -> list[Any]:
        """`[function(*call) for call in calls]`; raises the first error. `each` gets the number of a call when done."""
        if self.pool is None:
            results = []
            for number, call in enumerate(calls):
                results.append(function(*call))
                each(number)
            return results
        with shielded():  # the first calls start the processes
            futures = [self.pool.submit(function, *call) for call in calls]
        numbers = {future: number for number, future in enumerate(futures)}
        try:
            for future in as_completed(futures):
                future.result()
                each(numbers[future])
        finally:
            for future in futures:
                future.cancel()
            if isinstance(self.pool, Cluster) and not isinstance(sys.exc_info()[1], KeyboardInterrupt):
                self.pool.settle()
        return [future.result() for future in futures]

    def run_in_batches(self, function: Callable[..., Any], calls: Sequence[tuple[Any, ...]]) -> list[Any]:
        """As `run`, for many quick calls: each process gets several at once."""
        size = 1 + len(calls) // _BATCHES
        batches = [(function, calls[start : start + size]) for start in range(0, len(calls), size)]
        return [result for results in self.run(_each, batches) for result in results]


def _each(function: Callable[..., Any], calls: Sequence[tuple[Any, ...]]) -> list[Any]:
    return [function(*call) for call in calls]


@contextmanager
def start_workers(processes: int, cluster: str | None = None, paths: Sequence[str] = ()) -> Iterator[Workers]:
    """Workers for the duration of a block: of a cluster if one is named, whose workers must see `paths`."""
    if cluster is not None:
        with connected(cluster, paths) as workers:
            yield Workers(workers)
        return
    if processes == 1:
        yield Workers(None)
        return
    context = multiprocessing.get_context("spawn")
    plugins = registry.loaded_plugins()
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(plugins,)) as pool:
        require_start(pool)
        try:
            yield Workers(pool)
        except KeyboardInterrupt:  # the pool would wait until they have done what they were given
            for process in multiprocessing.active_children():
                process.terminate()
            raise


def _begin(plugins: Sequence[str]) -> None:
    """Keep a worker to one core, and end it with its parent, even when that is killed."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    accept_stop()
    registry.load_plugins(plugins)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
