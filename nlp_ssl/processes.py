"""The processes of a distributed run: they compare what they are about to do, and they end together.

    with joined():               # around a command
        with exclusive(out):     # all processes must see this folder (nlp_ssl.output_folder)
            agree({...})         # all processes must have the same values

An error in one process before the work begins is an error in all of them. Later, each process watches its neighbour in
a ring: the system closes the connection of a process that ends, also of a killed one. The neighbour passes the news on.
With a single process all of this does nothing.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from nlp_ssl.console import printable
from nlp_ssl.errors import InputError, cut
from nlp_ssl.imports import first_torch_import

CONNECTING = timedelta(seconds=45)
"""Time that a process waits for the others to start."""
WORKING = timedelta(days=3650)
"""Time that a process may wait for the others while they work."""
STARTING = timedelta(seconds=30)
"""Time that a process with an error waits for the others before the work begins."""
ANSWERING = timedelta(seconds=5)
"""Time in which the others can join in an error, if they have the same one."""
LEAVING = 5.0
"""Seconds that a process has to end by itself after another one has ended."""
VISIBLE = 30.0
"""Seconds after which a file on a shared file system is visible everywhere."""

NOBODY = -1
"""The message in the ring that a process has ended as it should."""

POLLING = 0.05
"""Seconds between two looks at what the others have written."""

REMEDY = "all processes need the same command, corpus and --out folder"


class OwnError(InputError):
    """An error of this process alone. It prints the error itself, also if it is not the first process."""


def are_several() -> bool:
    """Whether a launcher has started this process as one of several."""
    known = all(name in os.environ for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"))
    return known and os.environ.get("WORLD_SIZE", "1") != "1"


@contextmanager
def joined() -> Iterator[None]:
    """Connect the processes while a command runs. InputError in each of them if one fails or ends early."""
    global _group, _watcher
    if not are_several():
        yield
        return
    _group = group = _Group()
    _watcher = group.watcher
    try:
        yield
    except InputError as error:
        raise group.joint_error(error) from None
    except RuntimeError:
        if not group.has_lost_one():
            raise
        raise group.loss() from None
    else:
        group.part()
    finally:
        _group = None


def leave(status: int) -> None:
    """End this process with `status` at once if it still watches another one.

    The thread that watches waits in C++, and if its neighbour ends while Python cleans up, it would abort the process.
    """
    if _watcher is not None and _watcher.is_alive():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def agree(values: Mapping[str, object]) -> None:
    """InputError in every process unless all of them call this with the same values."""
    if _group is None:
        return
    first, *others = _group.exchange({name: str(value) for name, value in values.items()})
    for rank, other in enumerate(others, 1):
        for name in {**first, **other}:
            mine, theirs = first.get(name, "none"), other.get(name, "none")
            if mine != theirs:
                raise InputError(
                    f"process {rank} has {name} = {cut(theirs)}, process 0 has {name} = {cut(mine)}: {REMEDY}"
                )
    _group.begin()


def check_shared(marker: Path) -> None:
    """InputError in every process unless all of them see the file `marker`, which the first one fills."""
    if _group is None:
        return
    token = secrets.token_hex(8)
    if _group.rank == 0:
        marker.write_text(token, encoding="utf-8")
    token, folder = _group.exchange([token, str(marker.parent)])[0]
    blind = [rank for rank, sees in enumerate(_group.exchange(_sees(marker, token))) if not sees]
    if blind:
        raise InputError(
            f"{folder}: process {blind[0]} does not see the files that process 0 writes there; "
            "--out must be one folder that all processes share"
        )


def _sees(marker: Path, token: str) -> bool:
    deadline = time.monotonic() + VISIBLE
    while True:
        with suppress(OSError):
            return marker.read_text(encoding="utf-8") == token
        if not marker.parent.is_dir() or time.monotonic() > deadline:
            return False
        time.sleep(0.5)


class _Group:
    """This process and the others: a store for what they exchange, a ring to notice that one ends."""

    def __init__(self) -> None:
        """Wait for all processes. InputError if they do not come."""
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # no stack traces where a connection fails
        with first_torch_import():
            from torch import distributed
        dist: Any = distributed  # torch does not declare all that is used here
        self.rank, self.count = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        try:
            found = next(dist.rendezvous("env://", timeout=CONNECTING))[0]
            self._store = dist.PrefixStore("nlp_ssl", found)
            ring = dist.PrefixStore("ring", self._store)
            self._ring: Any = dist.ProcessGroupGloo(ring, self.rank, self.count, timeout=CONNECTING)
        except (RuntimeError, ValueError) as error:
            place = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
            raise OwnError(
                f"process {self.rank} of {self.count} has not met the others at {place} within {CONNECTING.seconds} s; "
                f"start all of them together ({cut(error)})"
            ) from None
        self._rounds = 0
        self._working = False
        self._lost = threading.Event()
        self._loser = 0
        self.watcher = threading.Thread(target=self._watch, daemon=True)
        self.watcher.start()

    def exchange(self, value: Any, wait: timedelta = WORKING) -> list[Any]:
        """The values of all processes, in their order. InputError if one of them reports an error instead."""
        found = self._exchange({"value": value}, wait)
        if problems := _problems(found):
            raise InputError(*problems)
        return [each["value"] for each in found]

    def _exchange(self, post: dict[str, Any], wait: timedelta) -> list[dict[str, Any]]:
        self._rounds += 1
        keys = [f"{self._rounds}/{rank}" for rank in range(self.count)]
        self._store.set(keys[self.rank], json.dumps(post))
        deadline = time.monotonic() + wait.total_seconds()
        while not self._store.check(keys):
            if self._lost.is_set() or time.monotonic() > deadline:
                raise RuntimeError("the other processes do not answer")
            time.sleep(POLLING)
        return [json.loads(self._store.get(key)) for key in keys]

    def joint_error(self, error: InputError) -> InputError:
        """The error that all processes end with, or this one's own if the others are at work."""
        own = InputError(*error.problems) if self.rank == 0 else OwnError(*_named(error.problems, self.rank))
        found: list[dict[str, Any]] = [{}]
        try:
            while not all("error" in each for each in found):
                wait = ANSWERING if self._working else STARTING
                found = self._exchange({"error": error.problems}, wait)
        except RuntimeError:  # they did not come, or the first process, which has the store, has ended
            return own
        self._leave()
        return InputError(*_problems(found))

    def has_lost_one(self) -> bool:
        """Whether another process has ended early. It may take a moment until this is known."""
        return self._lost.wait(ANSWERING.total_seconds())

    def loss(self) -> InputError:
        """The error that another process has ended; the first process that is left prints it."""
        message = (
            f"process {self._loser} has ended early, and so do the others; see its own message or the launcher's, "
            "then run the command again, pretrain with --resume in place of --out"
        )
        speaker = 1 if self._loser == 0 else 0
        return OwnError(message) if self.rank == speaker else InputError(message)

    def begin(self) -> None:
        """From now on the processes work, and none of them waits in `exchange`."""
        self._working = True

    def part(self) -> None:
        """Wait until all processes are done."""
        try:
            self.exchange("done")
            self._leave()
        except RuntimeError:
            if not self.has_lost_one():
                raise
            raise self.loss() from None

    def _leave(self) -> None:
        """End the watch. The first process leaves last, since it may hold the store."""
        self._pass_on(NOBODY)
        self.watcher.join(LEAVING)
        with suppress(RuntimeError):
            count = self._store.add("left", 1)
            deadline = time.monotonic() + LEAVING
            while self.rank == 0 and count < self.count and time.monotonic() < deadline:
                time.sleep(POLLING)
                count = self._store.add("left", 0)

    def _watch(self) -> None:
        """Wait for the message of the process before this one in the ring: the number of a lost process, or NOBODY."""
        import torch

        before = (self.rank - 1) % self.count
        message = torch.full((1,), before)
        with suppress(RuntimeError):  # its connection is closed
            self._ring.recv([message], before, 0).wait(WORKING)
        if int(message) == NOBODY:
            return
        self._loser = int(message)
        self._lost.set()
        self._pass_on(self._loser)
        time.sleep(LEAVING)
        if isinstance(error := self.loss(), OwnError):
            print(f"nlp-ssl: error: {printable(str(error))}", file=sys.stderr, flush=True)
        os._exit(2)  # the main thread waits for the lost process

    def _pass_on(self, lost: int) -> None:
        import torch

        with suppress(RuntimeError):
            self._ring.send([torch.full((1,), lost)], (self.rank + 1) % self.count, 0).wait(ANSWERING)


def _named(problems: Sequence[str], rank: int) -> list[str]:
    """The problems of a process, which those of the first one do not name."""
    return [each if rank == 0 or each.startswith("process ") else f"process {rank}: {each}" for each in problems]


def _problems(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """The problems that processes report, each once; one that the first process has as well goes without a number."""
    first = found[0].get("error", [])
    others = [
        named
        for rank, each in enumerate(found)
        for plain, named in zip(each.get("error", []), _named(each.get("error", []), rank), strict=True)
        if plain not in first
    ]
    return list(dict.fromkeys([*first, *others]))


_group: _Group | None = None
_watcher: threading.Thread | None = None
