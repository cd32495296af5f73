"""Checkpoints: written beside the run and renamed, so that the last complete one survives any failure.

`RUN/checkpoints/step-00000500/` holds Accelerate's state (weights, optimizer, random states) and `state.json`: the
run's totals, and the checksum of every other file. Order, noise and learning rate are functions of the step,
so resuming needs nothing else. Files are read with `torch.load(weights_only=True)`, which runs no code.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from accelerate import Accelerator

from nlp_ssl.atomic_io import put_folder, removed_on_error
from nlp_ssl.checksums import changed, checksums
from nlp_ssl.errors import InputError, first_line
from nlp_ssl.json_files import read_record, write_object
from nlp_ssl.training import sharding
from nlp_ssl.training.totals import Totals

WRITING = "writing"
"""The folder in which a checkpoint is written; a leftover of a kill, never read."""
STATE = "state.json"


@dataclass(frozen=True, kw_only=True)
class State:
    """The content of a checkpoint's state.json."""

    totals: Totals
    checksums: dict[str, str]
    """BLAKE2b of every other file, by name."""
    metrics: str | None = None
    """BLAKE2b of the run's metrics.jsonl at that step; None if there was none."""


def save(accelerator: Accelerator, folder: Path, totals: Totals, keep: int, metrics: str | None = None) -> None:
    """Write the checkpoint of `totals.step` under `folder`, then remove all but the newest `keep`.

    `metrics` is the checksum of the run's metrics.jsonl.
    """
    writing = folder / WRITING
    if accelerator.is_main_process:
        shutil.rmtree(writing, ignore_errors=True)
        writing.mkdir(parents=True)
    accelerator.wait_for_everyone()
    with removed_on_error(writing):
        if accelerator.is_fsdp2:
            sharding.save_state(accelerator, writing)
        else:
            accelerator.save_state(str(writing), safe_serialization=False)  # this format keeps tied weights tied
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        state = State(totals=totals, checksums=checksums(writing, writing.iterdir()), metrics=metrics)
        write_object(writing / STATE, asdict(state))
        put_folder(writing, folder / f"step-{totals.step:08d}")
        for old in _checkpoints(folder)[:-keep]:
            shutil.rmtree(old)
    accelerator.wait_for_everyone()


def newest(folder: Path) -> Path | None:
    """The newest checkpoint under a folder, if there is one."""
    return next(reversed(_checkpoints(folder)), None)


def read_state(checkpoint: Path) -> State:
    """The state of a checkpoint whose files are all as they were written. InputError where one is not."""
    state = read_record(checkpoint / STATE, State, _remedy(checkpoint))
    if not (1 <= state.totals.step <= state.totals.steps and state.checksums):
        raise InputError(f"{checkpoint / STATE} is damaged: {_remedy(checkpoint)}")
    for name in changed(checkpoint, state.checksums):
        there = (checkpoint / name).exists()
        raise InputError(f"{checkpoint / name} is {'damaged' if there else 'missing'}: {_remedy(checkpoint)}")
    return state


def load(accelerator: Accelerator, checkpoint: Path) -> None:
    """Load a checkpoint into what the accelerator has prepared. InputError where it does not fit."""
    try:
        if accelerator.is_fsdp2:
            sharding.load_state(accelerator, checkpoint)
        else:
            accelerator.load_state(str(checkpoint))
    except (RuntimeError, KeyError, ValueError, EOFError, OSError) as error:  # torch and Accelerate raise all of these
        reason = first_line(error).rstrip(":")[:120]
        raise InputError(f"{checkpoint} does not fit this run ({reason}): {_remedy(checkpoint)}") from None


def _remedy(checkpoint: Path) -> str:
    earlier = [other for other in _checkpoints(checkpoint.parent) if other.name < checkpoint.name]
    if earlier:
        return f"delete the folder {checkpoint.name} to resume from {earlier[-1].name}"
    return "start again in another --out, there is no earlier checkpoint"


def _checkpoints(folder: Path) -> list[Path]:
    """All checkpoints under a folder, the oldest first."""
    return sorted(folder.glob("step-*"))
