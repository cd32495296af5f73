"""Kills by generation: every command that writes is killed at many moments, and run again as a user would.

What it leaves is then what a run that was not disturbed leaves, value for value; weights byte for byte.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.forked import await_end_of_session, end, fork_jobs, start
from tests.harm import Kit, call, copy, make_kit, state

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it looks for processes in /proc"),
]

KILLS = int(os.environ.get("KILLS", "50"))
"""Kills of each command, evenly spread over its run; a comparison, which takes ten times as long, has a fifth."""

NEEDED = {
    "corpus": (),
    "run": ("corpus",),
    "finetuned": ("corpus", "run"),
    "probed": ("corpus", "run"),
    "pairs": ("corpus", "run"),
    "prompted": ("corpus", "run"),
    "vectors.txt": ("corpus", "run"),
    "predicted.jsonl": ("corpus", "run", "finetuned"),
    "embedded.npy": ("corpus", "run"),
    "exported": ("corpus", "run"),
    "comparison": ("corpus",),
    "report": ("corpus", "comparison"),
}
"""What each command reads, by what it writes."""


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    folder = tmp_path_factory.mktemp("kit")
    return make_kit(folder / "in", folder / "out")


def left(kit: Kit, name: str) -> Any:
    """What a command has left, without times; of checkpoints only the model that was made from them."""
    place = kit.out / ("comparison" if name == "report" else name)
    if place.is_file():
        return place.read_bytes(), sorted(file.name for file in kit.out.iterdir())
    timed = {"checkpoints", "environment.json", "scores.md", "report.md", "report.html", "log.txt", "job.json"}
    if name == "report":
        timed -= {"report.md", "report.html"}
    return state(place, lambda file: bool({file.name, *(part.name for part in file.parents)} & timed))


@pytest.mark.parametrize("name", NEEDED)
def test_a_killed_command_ends_as_an_undisturbed_one(name: str, kit: Kit, tmp_path: Path, monkeypatch) -> None:
    fork_jobs(monkeypatch)
    for needed in NEEDED[name]:
        if not (kit.out / needed).exists():
            status, _, said = call(kit.commands()[needed])
            assert status == 0, said
    words, log, base = kit.commands()[name], tmp_path / "log", tmp_path / "base"
    if name != "report" and (kit.out / name).exists():
        shutil.rmtree(kit.out / name) if (kit.out / name).is_dir() else (kit.out / name).unlink()
    kit.out.mkdir(exist_ok=True)
    copy(kit.out, base)
    duration = 0.0
    for _ in range(2):  # the first run is slower
        shutil.rmtree(kit.out)
        copy(base, kit.out)
        began = time.monotonic()
        assert end(start(words, log), 600) == 0, log.read_text()
        duration = time.monotonic() - began
    expected = left(kit, name)
    kills = -(-KILLS // 5) if name == "comparison" else KILLS
    moments = (np.arange(kills) + np.random.default_rng(0).random(kills)) / kills * duration
    again = [{"--out": "--resume"}.get(word, word) for word in words] if name == "run" else words
    killed, faults = 0, []
    for moment in moments.tolist():
        shutil.rmtree(kit.out)
        copy(base, kit.out)
        pid = start(words, log)
        time.sleep(moment)
        os.killpg(pid, signal.SIGKILL) if os.getpgid(pid) == pid else os.kill(pid, signal.SIGKILL)
        killed += end(pid) == -signal.SIGKILL
        await_end_of_session(pid)
        status = end(start(again, log), 600)
        if status:
            faults.append(f"killed after {moment:.3f} s: status {status}: {log.read_text()[-500:]}")
        elif (found := left(kit, name)) != expected:
            keys = (
                [key for key in {*found, *expected} if found.get(key) != expected.get(key)]
                if isinstance(found, dict)
                else []
            )
            faults.append(f"killed after {moment:.3f} s: another result: {sorted(keys)[:5]}")
    print(f"{name}: {killed} kills within {duration:.1f} s, {len(faults)} differing")
    assert not faults, "\n".join(faults)
    shutil.rmtree(kit.out)
    base.rename(kit.out)
