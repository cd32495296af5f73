"""Commands in processes that are forked from this one, which has imported torch already; to be killed or stopped."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import torch
from accelerate.state import AcceleratorState

from nlp_ssl.cli import main
from nlp_ssl.comparison import executor
from tests.ports import free_port


def start(words: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> int:
    """Start a command in a session of its own, with its output in `log`; returns the process id."""
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        os.environ.update(environment or {})
        AcceleratorState._reset_state(reset_partial_state=True)  # that of this process's own runs
        torch.set_num_threads(1)
        with log.open("w", encoding="utf-8") as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
            sys.stdout = sys.stderr = out
            try:
                status = main(list(words))
            except BaseException:
                traceback.print_exc()
            out.flush()
    finally:
        os._exit(status)


def end(pid: int, seconds: float = 60.0) -> int:
    """Wait for a process; its exit status, -N after signal N. Fails, and kills it, after some time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    pytest.fail(f"it did not end within {seconds:g} s")


def start_together(commands: Sequence[Sequence[str]], log: Path) -> list[int]:
    """One process for each command, as a launcher starts them; the output of process i in `log`-i."""
    place = {"WORLD_SIZE": str(len(commands)), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    ranks = [place | {"RANK": str(i), "LOCAL_RANK": str(i)} for i in range(len(commands))]
    return [start(words, Path(f"{log}-{i}"), ranks[i]) for i, words in enumerate(commands)]


def session(leader: int) -> list[int]:
    """The living processes of a session."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, belongs = stat.read_text().rpartition(")")[2].split()[:4]
        except (OSError, ValueError):  # it has just ended
            continue
        if int(belongs) == leader and state != "Z":
            found.append(int(stat.parent.name))
    return found


def await_end_of_session(leader: int, seconds: float = 20.0) -> None:
    """Wait until no process of a session is left; fails, and kills them, where one stays."""
    until = time.monotonic() + seconds
    while left := session(leader):
        if time.monotonic() > until:
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            pytest.fail(f"{len(left)} processes were left")
        time.sleep(0.01)


def fork_jobs(patch: pytest.MonkeyPatch) -> None:
    """Let `compare` fork its jobs from its own process, instead of from a server that has to import torch first."""
    patch.setattr(executor, "_PROCESSES", multiprocessing.get_context("fork"))
    patch.setattr(executor, "_import_early", lambda: None)
