"""Checkpoints: written beside and renamed, so that the last good one survives anything.

`RUN/checkpoints/step-00000500/` holds Accelerate's state (weights, optimizer) and `state.json`, what the loop
needs to go on: since order, noise and learning rate are functions of the step, that is little more than the
step.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from accelerate import Accelerator

from nlp_ssl.atomic_io import put_folder, removed_on_error
from nlp_ssl.errors import InputError

WRITING = "writing"
"""The folder in which a checkpoint is written; a leftover of a kill, never read."""


def save(accelerator: Accelerator, folder: Path, state: dict[str, Any], keep: int) -> None:
    """Write the checkpoint of `state["step"]` under `folder`, then remove all but the newest `keep`."""
    writing = folder / WRITING
    if accelerator.is_main_process:
        shutil.rmtree(writing, ignore_errors=True)
        writing.mkdir(parents=True)
    accelerator.wait_for_everyone()
    with removed_on_error(writing):
        accelerator.save_state(str(writing), safe_serialization=False)  # keeps tied weights tied, without remarks
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        (writing / "state.json").write_text(json.dumps(state), encoding="utf-8")
        put_folder(writing, folder / f"step-{state['step']:08d}")
        for old in sorted(folder.glob("step-*"))[:-keep]:
            shutil.rmtree(old)
    accelerator.wait_for_everyone()


def load(accelerator: Accelerator, checkpoint: Path) -> None:
    """Put a checkpoint's state into what the accelerator has prepared. InputError where it does not fit."""
    try:
        accelerator.load_state(str(checkpoint))
    except (RuntimeError, KeyError, ValueError) as error:  # whatever torch and Accelerate say of it
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(":")
        raise InputError(
            f"{checkpoint}: cannot go on from it, it is damaged or another version's ({reason}): remove it to go on "
            "from the one before it, or choose another --out"
        ) from None


def newest(folder: Path) -> Path | None:
    """The newest checkpoint under a folder, if there is one."""
    found = sorted(folder.glob("step-*"))
    return found[-1] if found else None


def read_state(checkpoint: Path) -> dict[str, Any]:
    """What `save` was given as the state."""
    state: dict[str, Any] = json.loads((checkpoint / "state.json").read_text(encoding="utf-8"))
    return state
