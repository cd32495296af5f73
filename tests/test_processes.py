"""Several processes agree before they work, and end together: here forked ones, connected over gloo."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch.distributed  # here, so that each forked process has it already

from nlp_ssl import cli, processes
from nlp_ssl.errors import InputError
from nlp_ssl.output_folder import exclusive
from tests.ports import free_port

REMEDY = "all processes need the same command, corpus and --out folder"
ENDED = (
    "has ended early, and so do the others; see its own message or the launcher's, "
    "then run the command again, pretrain with --resume in place of --out"
)


def start(rank: int, count: int, port: int, main: Callable[[int], int], said: Path) -> None:
    """Run a command whose function `main` gets the rank, as one process of several."""
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    assert torch.distributed.is_available()
    sys.stderr = said.open("w", encoding="utf-8")
    sys.modules["work"] = SimpleNamespace(main=lambda arguments: main(rank))  # type: ignore[assignment]
    cli.COMMANDS["work"] = ("work", "")
    status = cli.main(["work"])
    sys.stderr.flush()
    os._exit(status)


def run(tmp_path: Path, main: Callable[[int], int], count: int = 2) -> tuple[list[int | None], list[str]]:
    """The exit status of each process, and the lines that they print together."""
    fork, port = multiprocessing.get_context("fork"), free_port()
    files = [tmp_path / f"said-{rank}" for rank in range(count)]
    started = [fork.Process(target=start, args=(rank, count, port, main, files[rank])) for rank in range(count)]
    for process in started:
        process.start()
    deadline = time.monotonic() + 60
    for process in started:
        process.join(max(0, deadline - time.monotonic()))
    alive = [process for process in started if process.is_alive()]
    for process in alive:
        process.kill()
    assert not alive, "a process hangs"
    return [process.exitcode for process in started], "".join(file.read_text("utf-8") for file in files).splitlines()


def test_one_process_needs_no_others(monkeypatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with processes.joined():
        processes.agree({"seed": 1})
        processes.check_shared(Path("nowhere"))


@pytest.mark.parametrize("count", [2, 3])
def test_equal_values_and_a_shared_folder_are_agreed_on(tmp_path, count) -> None:
    def main(rank: int) -> int:
        with exclusive(tmp_path / "out"):
            processes.agree({"seed": 1, "corpus": "ab"})
            (tmp_path / "out" / f"of-{rank}").touch()
            return 0

    assert run(tmp_path, main, count) == ([0] * count, [])
    assert sorted(entry.name for entry in (tmp_path / "out").iterdir()) == [f"of-{rank}" for rank in range(count)]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([{"seed": 1}, {"seed": 2}], "process 1 has seed = 2, process 0 has seed = 1"),
        ([{"step": "a"}, {}], "process 1 has step = none, process 0 has step = a"),
        ([{"a": 1}, {"a": 1}, {"a": 1, "b": 0}], "process 2 has b = 0, process 0 has b = none"),
    ],
)
def test_other_values_end_all_with_one_sentence(tmp_path, values, message) -> None:
    def main(rank: int) -> int:
        processes.agree(values[rank])
        return 0

    assert run(tmp_path, main, len(values)) == ([2] * len(values), [f"nlp-ssl: error: {message}: {REMEDY}"])


def test_another_folder_ends_all_with_one_sentence(tmp_path) -> None:
    def main(rank: int) -> int:
        with exclusive(tmp_path / f"out-{rank}"):
            return 0

    message = (
        f"{tmp_path}/out-0: process 1 does not see the files that process 0 writes there; "
        "--out must be one folder that all processes share"
    )
    assert run(tmp_path, main) == ([2, 2], [f"nlp-ssl: error: {message}"])
    assert not list(tmp_path.glob("out-*"))


@pytest.mark.parametrize(
    ("failing", "lines"),
    [([0], ["x is wrong"]), ([1], ["process 1: x is wrong"]), ([0, 1], ["x is wrong"])],
    ids=["the first", "another", "all"],
)
@pytest.mark.parametrize("working", [False, True], ids=["before", "at work"])
def test_an_error_ends_all(tmp_path, failing, lines, working) -> None:
    def main(rank: int) -> int:
        if working:
            processes.agree({})
        if rank in failing:
            raise InputError("x is wrong")
        if working:
            time.sleep(30)  # waits for the others, as in a collective
        processes.agree({})
        return 0

    status, said = run(tmp_path, main)
    assert status == [2, 2]
    (lost,) = {0, 1} - set(failing) or [None]
    more = [] if lost is None or not working else [f"process {1 - lost} {ENDED}"]
    assert sorted(said) == sorted(f"nlp-ssl: error: {line}" for line in lines + more)


@pytest.mark.parametrize(
    ("count", "killed", "how", "left"), [(2, 1, signal.SIGTERM, 143), (3, 0, signal.SIGKILL, -signal.SIGKILL)]
)
@pytest.mark.parametrize("working", [False, True], ids=["before", "at work"])
def test_a_killed_process_ends_the_others(tmp_path, count, killed, how, left, working) -> None:
    def main(rank: int) -> int:
        processes.check_shared(tmp_path / "marker")  # now all have met
        if working:
            processes.agree({})
        if rank == killed:
            os.kill(os.getpid(), how)
        if working:
            time.sleep(0.5)
            raise RuntimeError("Connection closed by peer")  # as gloo says it
        processes.agree({})
        return 0

    status, said = run(tmp_path, main, count)
    assert status == [left if rank == killed else 2 for rank in range(count)]
    assert said == [f"nlp-ssl: error: process {killed} {ENDED}"]


def test_an_error_of_the_program_keeps_its_traceback_and_ends_the_others(tmp_path) -> None:
    def main(rank: int) -> int:
        processes.agree({})
        if rank == 1:
            raise TypeError("a bug")
        time.sleep(30)
        return 0

    status, said = run(tmp_path, main)
    assert status == [2, 1]
    assert said[0] == f"nlp-ssl: error: process 1 {ENDED}"
    assert said[-1] == "TypeError: a bug" and "Traceback (most recent call last):" in said


def test_a_process_that_never_comes_is_missed(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(processes, "CONNECTING", timedelta(seconds=1))

    def main(rank: int) -> int:
        return 0

    fork, port, said = multiprocessing.get_context("fork"), free_port(), tmp_path / "said"
    alone = fork.Process(target=start, args=(0, 2, port, main, said))
    alone.start()
    alone.join(30)
    assert alone.exitcode == 2
    message = f"nlp-ssl: error: process 0 of 2 has not met the others at 127.0.0.1:{port} within 1 s; "
    assert said.read_text(encoding="utf-8").startswith(f"{message}start all of them together (")


ENDING_SLOWLY = """
import os, sys, time
from types import SimpleNamespace
from nlp_ssl import cli, processes
from nlp_ssl.errors import InputError

class Slow:  # deleted while Python ends
    def __del__(self, kill=os.kill, other=sys.argv[1:], sleep=time.sleep):
        kill(int(other[0]), 9)
        sleep(1)

def main(arguments):
    processes.agree({})
    if not sys.argv[1:]:
        time.sleep(60)
    raise InputError("x is wrong")

slow = Slow() if sys.argv[1:] else None
sys.modules["work"] = SimpleNamespace(main=main)
cli.COMMANDS["work"] = ("work", "")
sys.exit(cli.main(["work"]))
"""


def test_a_process_that_ends_is_not_aborted_by_the_end_of_another(tmp_path) -> None:
    (tmp_path / "command.py").write_text(ENDING_SLOWLY, encoding="utf-8")
    place = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    place |= {"PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, str(tmp_path / "command.py")]
    with subprocess.Popen(command, env={**place, "RANK": "0"}) as first:
        other = subprocess.run(
            [*command, str(first.pid)], env={**place, "RANK": "1"}, capture_output=True, timeout=90, check=False
        )
        first.kill()
    assert (other.returncode, other.stderr.decode()) == (2, "nlp-ssl: error: process 1: x is wrong\n")
