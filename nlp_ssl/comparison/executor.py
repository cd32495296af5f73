"""Run jobs, each in its own process, several at a time.

A fork server imports torch and other slow modules once and forks one process for each job. Jobs therefore start at
once, and an error, a crash or the memory of one does not affect the others. A process prints nothing to the terminal:
its output goes to the job's log. It ends with its parent, even if the parent is killed. Finished work stays in the
job's folder, and the next call resumes from there.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from nlp_ssl import registry
from nlp_ssl.atomic_io import write_text
from nlp_ssl.comparison.job_kinds import JOB_KINDS
from nlp_ssl.comparison.jobs import Input, Job, write_result
from nlp_ssl.console import duration, say
from nlp_ssl.errors import InputError
from nlp_ssl.json_files import write_object
from nlp_ssl.main_guard import require_start
from nlp_ssl.signals import accept_stop, shielded
from nlp_ssl.versions import code_hash

SECONDS_BETWEEN_LINES = 60.0
LINES_OF_A_TRACEBACK = 3

IMPORTED_EARLY = (
    "nlp_ssl.comparison.executor",
    "nlp_ssl.training.run",
    "nlp_ssl.evaluation.classifier",
    "nlp_ssl.evaluation.encoder",
    "nlp_ssl.evaluation.scores",
    "nlp_ssl.evaluation.probe",
    "sklearn.linear_model",
    "transformers.models.modernbert.modeling_modernbert",
)
"""Slow imports that most jobs need. Preloading also freezes this code: later edits do not reach running jobs."""

_METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
_PROCESSES: Any = multiprocessing.get_context(_METHOD)


def call_in_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a new process and return its result."""
    _import_early()
    with ProcessPoolExecutor(1, mp_context=_PROCESSES) as pool:
        require_start(pool)
        return pool.submit(function, *arguments).result()


@dataclass
class _Started:
    """A job whose process is running."""

    job: Job
    process: Any
    slot: int


def execute(jobs: Callable[[], list[Job]], at_once: int) -> None:
    """Run all unfinished jobs, `at_once` at a time. `jobs` is called again after each: results may change it.

    A failed job leaves its error in its folder and is not tried again in this call; jobs that need it are skipped.
    Ctrl-C and SIGTERM stop the running jobs, which save what they can.
    """
    call_in_process(int)  # before any job: can a process start at all?
    for job in jobs():
        (job.folder / "failed.json").unlink(missing_ok=True)  # every call tries again
    started: list[_Started] = []
    try:
        while True:
            for job in _ready(jobs(), [each.job for each in started])[: at_once - len(started)]:
                slot = min(set(range(at_once)) - {each.slot for each in started})
                with shielded():
                    started.append(_start(job, slot, at_once))
            if not started:
                return
            ended = wait([each.process.sentinel for each in started], SECONDS_BETWEEN_LINES)
            for each in [each for each in started if each.process.sentinel in ended]:
                started.remove(each)
                _end(each, jobs())
            if not ended:
                for each in started:
                    say(f"  running: {each.job.name}: {_last_line(each.job)}")
    finally:
        _stop(started)


def _ready(jobs: Sequence[Job], running: Sequence[Job]) -> list[Job]:
    """Jobs that can start now."""
    busy = {job.folder for job in running}
    return [
        job
        for job in jobs
        if job.folder not in busy and not job.done and job.error is None and all(need.done for need in job.needs)
    ]


def _start(job: Job, slot: int, at_once: int) -> _Started:
    """Start or resume a job."""
    folder = job.folder
    job.clear_damage()
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in job.files.items():
        write_text(folder / name, text)
    stated = {"name": job.name, "depends": job.depends}
    write_object(folder / "job.json", stated)
    arguments = (job.kind, folder, job.arguments, job.inputs, code_hash(), slot, at_once, registry.loaded_plugins())
    process = _PROCESSES.Process(target=_work, args=arguments)
    process.start()
    return _Started(job, process, slot)


def _end(started: _Started, jobs: Sequence[Job]) -> None:
    """Report a process that has ended; record an error if it left neither a result nor an error."""
    started.process.join()
    job, code = started.job, started.process.exitcode
    result = job.result
    if result is None and job.error is None:
        reason = f"its process ended with status {code}"
        if code < 0:
            reason = f"its process was killed by signal {-code} ({signal.strsignal(-code)})"
            reason += ", perhaps for lack of memory" if code == -signal.SIGKILL else ""
        _record_failure(job.folder, reason)
    settled = sum(other.done or other.error is not None for other in jobs)
    how = f"done in {duration(result['seconds'])}" if result else f"failed: {job.error} (see {job.folder / 'log.txt'})"
    say(f"[{settled}/{len(jobs)}] {job.name}: {how}{time_left(jobs)}")


def time_left(jobs: Sequence[Job]) -> str:
    """The number of jobs left, with an estimate from similar finished jobs; empty if none are left."""
    seconds: dict[tuple[Any, ...], list[float]] = {}
    left: list[Job] = []
    for job in jobs:
        result = job.result
        if result is None and job.error is None:
            left.append(job)
        elif result is not None:
            for likeness in _like(job):
                seconds.setdefault(likeness, []).append(result["seconds"])
    known = [next((seconds[like] for like in _like(job) if like in seconds), None) for job in left]
    total = sum(sum(times) / len(times) for times in known if times)
    unknown = sum(times is None for times in known)
    if not left:
        return ""
    many = f"; {len(left)} job{'s' * (len(left) > 1)} left, "
    if unknown == len(left):
        return f"{many}no estimate yet"
    return f"{many}about {duration(total)}" + (f" (without {unknown} that have no estimate yet)" if unknown else "")


def _like(job: Job) -> list[tuple[Any, ...]]:
    """Keys of jobs that take similar time, the most similar first."""
    about = job.about
    where = (about.get("task"), about.get("train_examples"))
    return [(job.kind, about.get("model"), *where), (job.kind, *where), (job.kind,)]


def _last_line(job: Job) -> str:
    lines = (job.folder / "log.txt").read_text(encoding="utf-8", errors="replace").splitlines()
    return lines[-1] if lines else ""


def _stop(started: Sequence[_Started]) -> None:
    """Terminate processes and wait while they save; kill them on a second Ctrl-C."""
    if not started:
        return
    say("stopping the running jobs (Ctrl-C again to stop at once)")
    for each in started:
        each.process.terminate()
    try:
        for each in started:
            each.process.join()
    except KeyboardInterrupt:
        for each in started:
            each.process.kill()
        raise


def _import_early() -> None:
    """Have the fork server import slow modules."""
    if _METHOD == "forkserver":
        os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")  # looking for a GPU must not occupy it
        _PROCESSES.set_forkserver_preload(list(IMPORTED_EARLY))


# --- in the process of a job ---


def _work(
    kind: str,
    folder: Path,
    arguments: tuple[Any, ...],
    inputs: Sequence[Input],
    source: str,
    slot: int,
    at_once: int,
    plugins: Sequence[str],
) -> None:
    """Run a job and write done.json or failed.json into its folder."""
    gc.freeze()  # imported modules are never garbage
    os.setpgrp()  # Ctrl-C reaches the parent only, which passes it on as SIGTERM
    accept_stop()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with (folder / "log.txt").open("a", encoding="utf-8") as log:
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)
    sys.argv = ["nlp-ssl", kind, *(arguments[0] if isinstance(arguments[0], list) else [])]
    started = time.monotonic()
    try:
        registry.load_plugins(plugins)
        _share_machine(slot, at_once)
        result = JOB_KINDS[kind](folder, *arguments)
        for data in inputs:
            if data.changed():
                raise InputError(f"{data.name} has changed since this comparison began: compare in a new --out")
        took = {"seconds": round(time.monotonic() - started, 1), "peak_memory_bytes": _peak_memory()}
        result = {"networks": 1, **result, **took, "source": source}
        write_result(folder, result)
    except InputError as error:
        _fail(folder, " ".join(error.problems))
    except InterruptedError as error:
        _fail(folder, str(error))
    except Exception:
        text = traceback.format_exc()
        print(text, file=sys.stderr, flush=True)
        _fail(folder, "\n".join(text.splitlines()[-LINES_OF_A_TRACEBACK:]))


def _fail(folder: Path, error: str) -> None:
    say(f"error: {error}")
    _record_failure(folder, error)


def _record_failure(folder: Path, error: str) -> None:
    write_object(folder / "failed.json", {"error": error})


def _end_with_parent() -> None:
    """Wait until the parent process ends, then exit at once."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _share_machine(slot: int, at_once: int) -> None:
    """Use the GPU of this slot if there are several, and a fair share of the cores."""
    import torch

    gpus = torch.cuda.device_count()  # asks the driver, without taking one
    if gpus > 1:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", ",".join(map(str, range(gpus)))).split(",")
        os.environ["CUDA_VISIBLE_DEVICES"] = visible[slot % gpus]
    if at_once > 1 and "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // at_once))


def _peak_memory() -> int:
    """Peak memory of this process in bytes: GPU memory if it used a GPU, otherwise main memory."""
    import torch

    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        return int(torch.cuda.max_memory_allocated())
    import resource  # not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak  # macOS counts bytes, Linux kilobytes
