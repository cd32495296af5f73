"""Cells at work: each in a process of its own, several side by side, whatever happens to one of them.

A server process has imported torch and its company once, and forks a process for each cell: so a cell starts
at once, and a failure, the memory or a crash of one is not the others'. A process says nothing on the terminal, its
output goes to the cell's log. It ends with its parent, even if that is killed: what is finished of a cell is kept in
its folder, and the next call goes on from there.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from types import FrameType
from typing import Any

from nlp_ssl import registry
from nlp_ssl.atomic_io import write_text
from nlp_ssl.comparison import jobs as kinds
from nlp_ssl.comparison.plan import Job
from nlp_ssl.console import duration, say
from nlp_ssl.errors import InputError

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
"""What most cells would have to import; and it stays as it was when the first began, should it be edited."""

_METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
_PROCESSES: Any = multiprocessing.get_context(_METHOD)


def apart(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a process of its own, and return what it returns."""
    _import_early()
    with ProcessPoolExecutor(1, mp_context=_PROCESSES) as pool:
        return pool.submit(function, *arguments).result()


@dataclass
class _Job:
    cell: Job
    process: Any
    slot: int


def run_all(plan: Callable[[], list[Job]], jobs: int) -> None:
    """Do all cells of a plan that are not done, `jobs` side by side; the plan is read again after each of them.

    A cell that fails leaves its error in its folder and is not tried again in this call; the cells that need it
    are left out. Ctrl-C and SIGTERM end the cells at work, what they can save being saved.
    """
    for cell in plan():
        (cell.folder / "failed.json").unlink(missing_ok=True)  # another call, another try
    _import_early()
    at_work: list[_Job] = []
    with _terminated():
        try:
            while True:
                cells = plan()
                for cell in _ready(cells, [job.cell for job in at_work])[: jobs - len(at_work)]:
                    slot = min(set(range(jobs)) - {job.slot for job in at_work})
                    at_work.append(_start(cell, slot, jobs))
                if not at_work:
                    return
                ended = wait([job.process.sentinel for job in at_work], SECONDS_BETWEEN_LINES)
                for job in [job for job in at_work if job.process.sentinel in ended]:
                    at_work.remove(job)
                    _end(job, plan())
                if not ended:
                    for job in at_work:
                        say(f"  at work: {job.cell.name}: {_last_line(job.cell)}")
        finally:
            _stop(at_work)


def _ready(cells: Sequence[Job], at_work: Sequence[Job]) -> list[Job]:
    """The cells that can be started."""
    busy = {cell.folder for cell in at_work}
    return [
        cell
        for cell in cells
        if cell.folder not in busy and not cell.done and cell.error is None and all(need.done for need in cell.needs)
    ]


def _start(cell: Job, slot: int, jobs: int) -> _Job:
    """Begin or go on with a cell."""
    folder = cell.folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in cell.files.items():
        write_text(folder / name, text)
    stated = {"name": cell.name, "depends": cell.depends}
    write_text(folder / "cell.json", json.dumps(stated, indent=1, ensure_ascii=False) + "\n")
    arguments = (cell.kind, folder, cell.arguments, kinds.source(), slot, jobs, registry.loaded_plugins())
    process = _PROCESSES.Process(target=_work, args=arguments)
    process.start()
    return _Job(cell, process, slot)


def _end(job: _Job, cells: Sequence[Job]) -> None:
    """Account for a process that has ended."""
    job.process.join()
    cell, code = job.cell, job.process.exitcode
    facts = cell.facts
    if facts is None and cell.error is None:
        reason = f"its process ended with status {code}"
        if code < 0:
            reason = f"its process was killed by signal {-code} ({signal.strsignal(-code)})"
            reason += ", perhaps for want of memory" if code == -signal.SIGKILL else ""
        write_text(cell.folder / "failed.json", json.dumps({"error": reason}) + "\n")
    settled = sum(other.done or other.error is not None for other in cells)
    how = f"done in {duration(facts['seconds'])}" if facts else f"failed: {cell.error} (see {cell.folder / 'log.txt'})"
    say(f"[{settled}/{len(cells)}] {cell.name}: {how}{_time_left(cells)}")


def _time_left(cells: Sequence[Job]) -> str:
    """How long the other cells will take, going by those like them that are done; "" where there are none."""
    seconds: dict[tuple[Any, ...], list[float]] = {}
    left: list[Job] = []
    for cell in cells:
        facts = cell.facts
        if facts is None and cell.error is None:
            left.append(cell)
        elif facts is not None:
            for likeness in _like(cell):
                seconds.setdefault(likeness, []).append(facts["seconds"])
    known = [next((seconds[like] for like in _like(cell) if like in seconds), None) for cell in left]
    total = sum(sum(times) / len(times) for times in known if times)
    unknown = sum(times is None for times in known)
    if not left:
        return ""
    return f"; about {duration(total)} of work left" + (f" and {unknown} cells of unknown length" if unknown else "")


def _like(cell: Job) -> list[tuple[Any, ...]]:
    """What a cell's time can be known by, the closest likeness first."""
    about = cell.about
    where = (about.get("task"), about.get("train_examples"))
    return [(cell.kind, about.get("model"), *where), (cell.kind, *where), (cell.kind,)]


def _last_line(cell: Job) -> str:
    lines = (cell.folder / "log.txt").read_text(encoding="utf-8", errors="replace").splitlines()
    return lines[-1] if lines else ""


def _stop(at_work: Sequence[_Job]) -> None:
    """End processes: they are asked to, and may save; at a second Ctrl-C they are killed."""
    if not at_work:
        return
    say("stopping the cells at work (Ctrl-C again to stop at once)")
    for job in at_work:
        job.process.terminate()
    try:
        for job in at_work:
            job.process.join()
    except KeyboardInterrupt:
        for job in at_work:
            job.process.kill()
        raise


@contextmanager
def _terminated() -> Iterator[None]:
    """Make SIGTERM end this process in order, with status 143."""

    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _import_early() -> None:
    """Have the server of processes import what is slow to import."""
    if _METHOD == "forkserver":
        os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")  # looking for a GPU must not occupy it
        _PROCESSES.set_forkserver_preload(list(IMPORTED_EARLY))


# --- in the process of a cell ---


def _work(
    kind: str, folder: Path, arguments: tuple[Any, ...], source: str, slot: int, jobs: int, plugins: Sequence[str]
) -> None:
    """Do a cell's work, and leave done.json or failed.json in its folder."""
    gc.freeze()  # nothing that the server has imported is garbage
    os.setpgrp()  # Ctrl-C is the parent's to hear
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with (folder / "log.txt").open("a", encoding="utf-8") as log:
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)
    sys.argv = ["nlp-ssl", kind, *(arguments[0] if isinstance(arguments[0], list) else [])]
    started = time.monotonic()
    try:
        registry.load_plugins(plugins)
        _share_machine(slot, jobs)
        facts = kinds.KINDS[kind](folder, *arguments)
        took = {"seconds": round(time.monotonic() - started, 1), "peak_memory_bytes": _peak_memory()}
        facts = {"networks": 1, **facts, **took, "source": source}
        write_text(folder / "done.json", json.dumps(facts, indent=1) + "\n")
    except InputError as error:
        _fail(folder, " ".join(error.problems))
    except InterruptedError as error:
        _fail(folder, str(error))
    except Exception:
        text = traceback.format_exc()
        print(text, file=sys.stderr, flush=True)
        _fail(folder, "\n".join(text.splitlines()[-LINES_OF_A_TRACEBACK:]))


def _fail(folder: Path, error: str) -> None:
    print(f"error: {error}", file=sys.stderr, flush=True)
    write_text(folder / "failed.json", json.dumps({"error": error}, ensure_ascii=False) + "\n")


def _end_with_parent() -> None:
    """Wait for the end of the process that asked for the work, then end at once."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _share_machine(slot: int, jobs: int) -> None:
    """Take the GPU of this slot where there are several, and this process's share of the cores."""
    import torch

    gpus = torch.cuda.device_count()  # asks the driver, without taking one
    if gpus > 1:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", ",".join(map(str, range(gpus)))).split(",")
        os.environ["CUDA_VISIBLE_DEVICES"] = visible[slot % gpus]
    if jobs > 1 and "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // jobs))


def _peak_memory() -> int:
    """The most memory that this process has had, in bytes: of the GPU if it used one, else of the machine."""
    import torch

    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        return int(torch.cuda.max_memory_allocated())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak  # macOS counts bytes, Linux kilobytes
