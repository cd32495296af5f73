import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from nlp_ssl.comparison import executor
from nlp_ssl.comparison.executor import execute, time_left
from nlp_ssl.comparison.jobs import CorpusInput, Job
from nlp_ssl.errors import InputError
from tests.comparison.plans import fail, finish
from tests.worlds import write_corpus


def job(out: Path, name: str, kind: str = "overlap", needs: tuple[Job, ...] = (), **about: Any) -> Job:
    return Job(name=name, kind=kind, out=out, depends={"name": name}, arguments=(name,), needs=needs, about=about)


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., dict[str, Any]]], None]:
    """Jobs of kind "overlap" run a function of the test: processes are forked."""
    monkeypatch.setattr(executor, "_PROCESSES", multiprocessing.get_context("fork"))
    monkeypatch.setattr(executor, "_import_early", lambda: None)
    monkeypatch.setattr(executor, "_share_machine", lambda slot, at_once: None)
    return lambda function: monkeypatch.setitem(executor.JOB_KINDS, "overlap", function)


# --- which jobs run ---


def test_jobs_are_ready_once_the_jobs_that_they_need_are_done(tmp_path: Path) -> None:
    first, busy, failed = (job(tmp_path, name) for name in ("first", "busy", "failed"))
    second, third = job(tmp_path, "second", needs=(first,)), job(tmp_path, "third", needs=(failed,))
    fail(failed, "no room")
    jobs = [first, busy, failed, second, third]
    assert executor._ready(jobs, [busy]) == [first]
    finish(first)
    assert executor._ready(jobs, [busy]) == [second]


def test_a_failure_stops_only_the_jobs_that_need_it(tmp_path: Path, forked: Any, capsys: Any) -> None:
    def function(folder: Path, name: str) -> dict[str, Any]:
        if name == "wrong":
            raise InputError("the text is empty", "so is the label")
        return {"found": name}

    forked(function)
    good, wrong = job(tmp_path, "good"), job(tmp_path, "wrong")
    jobs = [good, wrong, job(tmp_path, "after good", needs=(good,)), job(tmp_path, "after wrong", needs=(wrong,))]
    execute(lambda: jobs, 2)
    assert [made.done for made in jobs] == [True, False, True, False]
    assert wrong.error == "the text is empty so is the label"
    assert good.result is not None and (good.result["found"], good.result["networks"]) == ("good", 1)
    assert good.result["peak_memory_bytes"] > 2**20
    assert "[3/4]" in capsys.readouterr().err  # three of four jobs are settled at the end


def test_no_more_jobs_run_at_once_than_allowed(tmp_path: Path, forked: Any) -> None:
    def function(folder: Path, name: str) -> dict[str, Any]:
        started = time.monotonic()
        time.sleep(0.1 * int(name))
        return {"started": started, "ended": time.monotonic()}

    forked(function)
    jobs = [job(tmp_path, str(length)) for length in (1, 3, 2, 4, 5)]
    execute(lambda: jobs, 2)
    times = [made.result for made in jobs if made.result is not None]
    assert len(times) == 5
    for one in times:
        assert sum(other["started"] <= one["started"] < other["ended"] for other in times) <= 2


def test_a_failed_job_is_tried_again_by_the_next_call(tmp_path: Path, forked: Any) -> None:
    forked(lambda folder, name: {"found": name})
    made = job(tmp_path, "once")
    fail(made, "no room")
    execute(lambda: [made], 1)
    assert made.done and made.error is None


def test_an_unexpected_error_leaves_the_end_of_its_traceback(tmp_path: Path, forked: Any) -> None:
    forked(lambda folder, name: {"found": 1 // 0})
    made = job(tmp_path, "broken")
    execute(lambda: [made], 1)
    assert made.error is not None and made.error.endswith("ZeroDivisionError: integer division or modulo by zero")
    assert len(made.error.splitlines()) == 3


def test_a_process_that_dies_is_a_failure(tmp_path: Path, forked: Any) -> None:
    forked(lambda folder, name: os.kill(os.getpid(), 9))
    made = job(tmp_path, "killed")
    execute(lambda: [made], 1)
    assert made.error == "its process was killed by signal 9 (Killed), perhaps for lack of memory"


def test_a_result_on_changed_data_is_an_error(tmp_path: Path, forked: Any) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    made = Job(
        name="overlap with mine", kind="overlap", out=tmp_path, depends={}, arguments=(str(corpus.folder),),
        inputs=(CorpusInput(corpus.folder, "another"),),
    )  # fmt: skip
    forked(lambda folder, corpus: {"overlap": {}})
    execute(lambda: [made], 1)
    assert not made.done
    assert made.error == f"{corpus.folder} has changed since this comparison began: compare in a new --out"


# --- what it says ---


def test_time_left_is_that_of_the_most_similar_finished_jobs(tmp_path: Path) -> None:
    def probe(model: str, task: str, seed: int) -> Job:
        return job(tmp_path, f"{model} {task} {seed}", "probe", model=model, task=task, train_examples=None)

    same, task, kind = probe("mlm", "a", 1), probe("clm", "a", 1), probe("clm", "b", 1)
    left = probe("mlm", "a", 2)
    assert time_left([same, left]) == "; 2 jobs left, no estimate yet"
    for made, seconds in ((kind, 900.0), (task, 200.0)):
        finish(made, seconds=seconds)
    assert time_left([kind, left]) == "; 1 job left, about 15m 00s"
    assert time_left([kind, task, left]) == "; 1 job left, about 3m 20s"
    finish(same, seconds=40.0)
    assert time_left([kind, task, same, left]) == "; 1 job left, about 40s"
    seed = probe("mlm", "a", 3)
    finish(seed, seconds=20.0)
    assert time_left([same, seed, left]) == "; 1 job left, about 30s"  # the mean
    other = job(tmp_path, "show mlm", "show", model="mlm")
    assert time_left([same, left, other]) == "; 2 jobs left, about 40s (without 1 that have no estimate yet)"
    fail(other, "no room")
    finish(left, seconds=41.0)
    assert time_left([same, left, other]) == ""


# --- the machine ---


@pytest.mark.parametrize(("at_once", "cores", "threads"), [(1, 8, None), (2, 8, 4), (3, 8, 2), (4, 2, 1)])
def test_jobs_share_the_cores(monkeypatch: pytest.MonkeyPatch, at_once: int, cores: int, threads: int | None) -> None:
    chosen: list[int] = []
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch, "set_num_threads", chosen.append)
    executor._share_machine(0, at_once)
    assert chosen == ([] if threads is None else [threads])


@pytest.mark.parametrize(
    ("visible", "gpus", "slot", "chosen"),
    [(None, 2, 1, "1"), ("4,5,7", 3, 2, "7"), ("4,5", 2, 3, "5"), (None, 1, 1, None)],
)
def test_each_slot_has_its_gpu(
    monkeypatch: pytest.MonkeyPatch, visible: str | None, gpus: int, slot: int, chosen: str | None
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    executor._share_machine(slot, 4)
    assert os.environ.get("CUDA_VISIBLE_DEVICES") == chosen
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
