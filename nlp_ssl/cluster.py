"""A Dask cluster in place of the processes of this machine: the option `--cluster`.

    with connected(place, paths) as cluster:
        cluster.submit(function, *arguments)

Workers may come late, be killed, and be replaced, so every task first checks its worker: it must have the same code and
libraries as the command, and see its files. A task runs in the command's working directory. A worker process runs one
task at a time, whatever its number of threads, since readers and sentence splitters are made for processes.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import platform
import re
import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nlp_ssl import registry
from nlp_ssl.console import say
from nlp_ssl.errors import InputError, cut, first_line
from nlp_ssl.toml_tables import from_table, read_toml
from nlp_ssl.versions import code_hash

FORMS = "local:N (N processes here), the address of a scheduler (HOST:PORT), or a .toml file"
CONTINUE = "run the same command again to continue; finished work is kept"
CONNECTING = 10.0
"""Seconds in which a scheduler must answer."""
FIRST_WORKER = 5.0
"""Seconds without a worker after which a message says that the command waits for one."""
ALL_LOST = 60.0
"""Seconds without any of the processes of `local:N` after which the command ends."""

_LIBRARIES = ("tokenizers", "icu4py", "regex", "pyarrow", "numpy")


@dataclass(frozen=True)
class Described:
    """The content of a .toml file that describes a cluster."""

    cluster: str
    """The class or function that makes it, such as "dask_jobqueue.SLURMCluster"."""
    workers: int = 0
    """Number of workers to ask for; 0 leaves it to the arguments."""
    arguments: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of the class."""


class UnfitWorkerError(Exception):
    """A worker cannot do the work of this command: one sentence, which names the worker."""


@dataclass(frozen=True)
class _Needs:
    """What a worker must have, and what it sets before it works."""

    versions: tuple[tuple[str, str], ...]
    plugins: tuple[str, ...]
    folder: str  # the working directory of the command
    paths: tuple[str, ...]  # what it must see


class Cluster(Executor):
    """The workers of a cluster, as an executor of `concurrent.futures`."""

    def __init__(self, client: Any, needs: _Needs) -> None:
        self._client, self._needs = client, needs

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Future[Any]:
        """As `Executor.submit`. `options` are Dask's, such as `resources`."""
        call = pickle.dumps((function, arguments))
        task = self._client.submit(_work, self._needs, call, pure=False, **options)
        future: Future[Any] = Future()
        future.add_done_callback(lambda future: task.cancel() if future.cancelled() and not task.cancelled() else None)
        self._client.loop.add_callback(_hand_over, task, future)
        return future

    def settle(self) -> None:
        """Wait until no worker is at work, so that nothing is written after a task was cancelled."""
        self._client.run(_until_idle)

    def check(self) -> None:
        """Raise the error of a worker that cannot do the work."""
        self._client.run(_work, self._needs, pickle.dumps((_nothing, ())))


@contextmanager
def connected(place: str, paths: Sequence[str]) -> Iterator[Cluster]:
    """The cluster that `--cluster` names, for the duration of a block. All workers must see `paths`.

    InputError if the option is wrong, Dask is missing, the scheduler does not answer, a worker does not fit, or the
    cluster is lost.
    """
    with _quiet(), _client(place) as client:
        needs = _Needs(tuple(_versions().items()), tuple(registry.loaded_plugins()), os.getcwd(), tuple(paths))  # noqa: PTH109
        try:
            _await_worker(client, place)
            cluster = Cluster(client, needs)
            cluster.check()
            yield cluster
        except Exception as error:
            found = _explained(error, place)
            if found is None:
                raise
            raise found from None


async def _hand_over(task: Any, future: Future[Any]) -> None:
    """Give a future the outcome of a Dask task (Dask's own executor fails if the result is lost before it is read)."""
    try:
        result, error = await task, None
    except BaseException as raised:
        result, error = None, raised
    if error is not None and task.cancelled():
        future.cancel()
    if not future.set_running_or_notify_cancel():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


@contextmanager
def _client(place: str) -> Iterator[Any]:
    """A connection to the cluster of an option's value, which is started if it is not an address."""
    local = re.fullmatch(r"local:([1-9][0-9]{0,3})", place)
    address = re.fullmatch(r"((tcp|tls|ws|wss|ucx)://)?[\w.\-\[\]:]+:[0-9]{1,5}", place)
    if not (local or place.endswith(".toml") or (address and not place.startswith("local:"))):
        raise InputError(f"--cluster is {cut(place)!r}: it must be {FORMS}")
    described = _described(Path(place)) if place.endswith(".toml") else None
    dask = _dask()
    if local:
        started = _local(dask, int(local[1]))
    elif described:
        started = _started(described, place)
    else:
        try:
            with dask.Client(place, timeout=CONNECTING, set_as_default=False) as client:
                yield client
        except OSError as error:
            raise InputError(
                f"--cluster {place}: the scheduler does not answer ({cut(first_line(error))}); check the address, and "
                "that it runs"
            ) from None
        return
    with started, dask.Client(started, set_as_default=False) as client:
        if local:  # the terminal sends Ctrl-C to these processes as well
            client.register_plugin(type("Deaf", (dask.WorkerPlugin,), {"setup": _ignore_interrupts})())
        yield client


def _local(dask: Any, processes: int) -> Any:
    """A cluster of processes of this machine. InputError if they do not start."""
    try:
        with import_module("dask.config").set({"distributed.scheduler.no-workers-timeout": ALL_LOST}):
            return dask.LocalCluster(
                n_workers=processes, threads_per_worker=1, memory_limit=0, dashboard_address=None,
                silence_logs=logging.CRITICAL,
            )  # fmt: skip
    except RuntimeError as error:
        raise InputError(
            f"--cluster local:{processes}: its processes do not start ({cut(first_line(error))}); {CONTINUE}"
        ) from None


def _described(file: Path) -> Described:
    problems: list[str] = []
    described = from_table(Described, read_toml(file), problems)
    if described is None:
        raise InputError(*(f"{file}: {problem}" for problem in problems))
    return described


def _started(described: Described, file: str) -> Any:
    """The cluster of a description. InputError if its class is not trusted, not there, or does not start."""
    module, _, name = described.cluster.rpartition(".")
    package = module.partition(".")[0]
    if not re.match(r"dask|distributed$", package) and not registry.is_trusted(module, "dask"):
        raise InputError(
            f"{file}: cluster {cut(described.cluster)!r} is not of Dask, such as dask_jobqueue.SLURMCluster; load its "
            "module with --plugin"
        )
    try:
        make = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise InputError(f"{file}: there is no {cut(described.cluster)} ({cut(error)}); install its package") from None
    say(f"starting {described.cluster}")
    try:
        started = make(**described.arguments)
        if described.workers:
            started.scale(described.workers)
    except Exception as error:
        reason = cut(f"{type(error).__name__}: {first_line(error)}", 120)
        raise InputError(f"{file}: {described.cluster} does not start ({reason}); check its arguments") from None
    return started


def _await_worker(client: Any, place: str) -> None:
    try:
        client.wait_for_workers(1, timeout=FIRST_WORKER)
    except TimeoutError:
        say(f"--cluster {place}: waiting for a worker")
        client.wait_for_workers(1)


def _dask() -> Any:
    try:
        return import_module("dask.distributed")
    except ImportError:
        raise InputError("--cluster needs Dask: pip install 'nlp_ssl[cluster]'") from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the messages of Dask off the terminal: what matters to the user becomes an error of this program."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


def _explained(error: Exception, place: str) -> InputError | None:
    """What an error of the cluster means, as one sentence; None for any other error."""
    kind = f"{type(error).__module__}.{type(error).__name__}"
    if isinstance(error, UnfitWorkerError):
        return InputError(f"--cluster {place}: {error}")
    if "No module named 'nlp_ssl" in str(error):  # Dask passes it on as another type
        return InputError(
            f"--cluster {place}: a worker cannot import nlp_ssl ({cut(error)}); install it on all workers"
        )
    if kind == "distributed.scheduler.KilledWorker":
        return InputError(
            f"--cluster {place}: workers were killed several times at the same work, probably for lack of memory; give "
            f"them more, then {CONTINUE}"
        )
    if kind in ("distributed.scheduler.NoWorkerError", "distributed.scheduler.NoValidWorkerError"):
        return InputError(f"--cluster {place}: all workers were killed; {CONTINUE}")
    if isinstance(error, CancelledError) or "CommClosedError" in kind or "ClosedClient" in kind:
        return InputError(f"--cluster {place}: lost the connection to the scheduler; {CONTINUE}")
    if isinstance(error, RuntimeError) and "deserialization" in str(error):
        return InputError(f"--cluster {place}: the scheduler cannot import nlp_ssl; install it there, too")
    return None


# --- on a worker ---

_AT_WORK = threading.Lock()


def _work(needs: _Needs, call: bytes) -> Any:
    """Check this worker, then call a function. UnfitWorkerError where the worker cannot do it."""
    with _AT_WORK:
        _check_versions(needs.versions)
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        try:
            os.chdir(needs.folder)
            for path in needs.paths:
                os.stat(path)  # noqa: PTH116
            registry.load_plugins(needs.plugins)
            function, arguments = pickle.loads(call)
            return function(*arguments)
        except FileNotFoundError as error:
            raise UnfitWorkerError(
                f"worker {platform.node()} does not see {error.filename}; all workers need the same file system, with "
                "the same paths"
            ) from None


def _ignore_interrupts(plugin: Any, worker: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _nothing() -> None:
    pass


async def _until_idle() -> None:
    while _AT_WORK.locked():
        await asyncio.sleep(0.05)


@cache
def _check_versions(expected: tuple[tuple[str, str], ...]) -> None:
    mine = _versions()
    for name, theirs in expected:
        if mine[name] != theirs:
            raise UnfitWorkerError(
                f"worker {platform.node()} has {name} {mine[name]}, this command {theirs}; install the same version "
                "everywhere"
            )


@cache
def _versions() -> dict[str, str]:
    """What the result of a task depends on."""
    libraries = {name: version(name) for name in _LIBRARIES}
    return {"Python": platform.python_version(), **libraries, "nlp_ssl with code": code_hash()}
