"""Data workers that die, and workers that are stopped."""

import os
import signal
import subprocess
import sys
import threading
import time
from multiprocessing import active_children

import pytest

from nlp_ssl.training import data_workers, loop
from nlp_ssl.training.loop import Trainer
from tests.training.runs import TINY, pretrain, refused, weights

STEPS = ["--budget", "40-steps", "--evaluations", "1", "--save-every", "99", "--log-every", "50"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_dead_worker_is_noticed_the_run_saved_and_resumed_to_the_same_weights(
    number, corpus, tmp_path, capsys, monkeypatch
) -> None:
    assert pretrain("mlm", corpus, tmp_path / "whole", *STEPS) == 0
    update = Trainer.update

    def update_and_kill(self, step, rate, group):
        if step == 5:
            os.kill(active_children()[0].pid, number)
        return update(self, step, rate, group)

    out, started = tmp_path / "run", time.monotonic()
    arguments = ["mlm", "--corpus", str(corpus), "--out", str(out), *TINY, *STEPS]
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "update", update_and_kill)
        said = refused(capsys, "pretrain", *arguments, "--batch.workers", "2")
    assert time.monotonic() - started < 60
    (saved,) = (out / "checkpoints").iterdir()
    step = int(saved.name.removeprefix("step-"))
    assert 6 <= step < 40 and f"saved at step {step} of 40; continue with --resume {out}, with fewer" in said
    assert "Traceback" not in said
    assert pretrain("mlm", corpus, out, *STEPS, into="--resume") == 0
    assert weights(out) == weights(tmp_path / "whole")


@pytest.mark.parametrize("error", [ConnectionResetError(104, "Connection reset by peer"), EOFError()])
def test_a_worker_that_dies_while_it_hands_over_a_batch_has_died(error, monkeypatch) -> None:
    def loader(*arguments, **options):
        yield "group"
        raise error

    monkeypatch.setattr(data_workers, "DataLoader", loader)
    groups = data_workers.load_batches([], range(2), 1, list, ahead=False)
    assert next(groups) == "group"
    with pytest.raises(data_workers.WorkerDiedError, match="a DataLoader worker exited unexpectedly"):
        next(groups)


def test_a_thread_prepares_two_groups_ahead_in_their_order() -> None:
    taken: list[int] = []

    def groups():
        for number in range(9):
            taken.append(number)
            yield number

    found = data_workers.prepared(groups(), lambda number: 10 * number)
    for number in range(9):
        assert next(found) == 10 * number
        time.sleep(0.02)
        assert len(taken) <= number + 3
    assert next(found, None) is None and taken == list(range(9))


def test_an_error_of_the_thread_is_raised_after_the_groups_before_it() -> None:
    def groups():
        yield "group"
        raise data_workers.WorkerDiedError("ended")

    found = data_workers.prepared(groups(), str.upper)
    assert next(found) == "GROUP"
    with pytest.raises(data_workers.WorkerDiedError, match="ended"):
        next(found)


def test_the_thread_ends_with_the_loop_that_it_works_for() -> None:
    found = data_workers.prepared(iter(range(1000)), str)
    assert next(found) == "0"
    found.close()
    for _ in range(100):
        if not any(thread.name == "batches" for thread in threading.enumerate()):
            return
        time.sleep(0.05)
    pytest.fail("the thread goes on")


@pytest.mark.parametrize("workers", ["0", "1"])
def test_batches_made_ahead_are_the_same(workers, corpus, tmp_path, monkeypatch) -> None:
    """As with a device that runs ahead of the host; without one, there is nothing to pin for."""
    few = ["--budget", "5-steps", "--evaluations", "1", "--batch.workers", workers]
    assert pretrain("mlm", corpus, tmp_path / "plain", *few) == 0
    monkeypatch.setattr(loop, "runs_ahead", lambda device: True)
    monkeypatch.setattr(data_workers, "pinned", lambda group: group)
    assert pretrain("mlm", corpus, tmp_path / "ahead", *few) == 0
    assert weights(tmp_path / "ahead") == weights(tmp_path / "plain")


WORKER = """
import os, signal, sys, time
from nlp_ssl.training import data_workers, loop
data_workers.GRACE = 1
data_workers._delay_stop_signals(0)
os.kill(os.getpid(), signal.SIGINT)
os.kill(os.getpid(), signal.SIGTERM)
print("goes on", flush=True)
time.sleep(30)
"""


def test_a_worker_goes_on_after_a_stop_signal_but_not_for_ever() -> None:
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", WORKER], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "goes on\n" and done.returncode == -signal.SIGALRM
    assert time.monotonic() - started < 30
