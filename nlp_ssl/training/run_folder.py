"""The folder of a run: the checks before writing to it, and the records in it.

recipe.toml        the complete recipe; it can be used as a recipe itself
environment.json   corpus and its fingerprint, command, versions, hardware
metrics.jsonl      one JSON object per line: {"event": "train" | "evaluate" | "end", "step": …, …}
checkpoints/       see nlp_ssl.training.checkpoint
model/             the model in transformers' format with tokenizer and model card; written at the end of the run
snapshots/1-of-4/  model/ and recipe.toml after a quarter of the steps, if the recipe asks for snapshots
"""

from __future__ import annotations

import json
import math
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nlp_ssl import recipe as recipes
from nlp_ssl.atomic_io import write_text
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.errors import InputError
from nlp_ssl.json_files import read_object
from nlp_ssl.output_folder import contents, exclusive
from nlp_ssl.recipe import Recipe

INCIDENTAL = ("save_every", "keep_checkpoints", "log_every", "log_with", "batch.workers", "compile")
"""Fields that may change when a run is resumed. The weights do not depend on them, except for rounding."""

LIBRARIES = ("nlp_ssl", "torch", "transformers", "tokenizers", "datasets", "accelerate", "numpy")


def snapshots(count: int) -> dict[str, int]:
    """The names of `count` snapshots, the earliest first. Snapshot "1-of-N" has the value N: taken after steps / N."""
    return {f"1-of-{2**k}": 2**k for k in range(count, 0, -1)}


@contextmanager
def acquire(folder: Path, recipe: Recipe, corpus: Corpus, resume: bool) -> Iterator[None]:
    """Hold a run's folder for writing: a new or empty one, or with `resume` one that holds this run.

    InputError if another process is writing to it, or if it holds anything else: other files, another run, a run with
    another recipe or corpus.
    """
    with exclusive(folder):
        _check_resumable(folder, recipe, corpus, resume)
        yield


def _check_resumable(folder: Path, recipe: Recipe, corpus: Corpus, resume: bool) -> None:
    if {entry.name for entry in contents(folder)} <= {"environment.json"}:  # empty, or killed before anything was done
        return
    stored = folder / "recipe.toml"
    if not stored.is_file():
        raise InputError(f"{folder} holds other files than a run: choose another --out")
    if not resume:
        raise InputError(f"{folder} holds a run: continue it with --resume, or choose another --out")
    trained = recipes.load(str(stored))
    was, now = trained.mixture.name, recipe.mixture.name
    if was != now:
        raise InputError(f"{folder} is a run of {was}, not {now}: choose another --out")
    changes = [str(c) for c in recipes.differences(trained, recipe) if c.field not in INCIDENTAL]
    if changes:
        remedy = f"repeat the old value{'s' if len(changes) > 1 else ''} or choose another --out"
        raise InputError(f"{folder} holds a run with another recipe: {'; '.join(changes)}; {remedy}")
    check_corpus(folder, corpus, "use it, or another --out")


def check_corpus(folder: Path, corpus: Corpus, remedy: str) -> None:
    """InputError, with what to do about it, if a run was trained on another corpus."""
    environment = read_environment(folder)
    if environment.get("fingerprint") != corpus.fingerprint:
        raise InputError(
            f"{folder} was trained on another corpus ({environment.get('corpus')}, fingerprint "
            f"{environment.get('fingerprint')}; {corpus.folder} has {corpus.fingerprint}): {remedy}"
        )


def read_environment(folder: Path) -> dict[str, Any]:
    """The content of a run's environment.json. InputError if it is missing or damaged."""
    return read_object(folder / "environment.json", "it is unknown which corpus this run used, so start it again")


def record(folder: Path, recipe: Recipe, corpus: Corpus, processes: int, device: str) -> None:
    """Write recipe.toml and environment.json."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {
        "corpus": str(corpus.folder),
        "fingerprint": corpus.fingerprint,
        "command": sys.argv,
        "versions": {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES},
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "device": device,
        "processes": processes,
    }
    write_text(folder / "environment.json", json.dumps(environment, indent=1) + "\n")
    write_text(folder / "recipe.toml", recipes.dump(recipe))


class Metrics:
    """Writes and reads metrics.jsonl."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "metrics.jsonl"

    def append(self, event: str, step: int, values: Mapping[str, Any]) -> None:
        """Append a line."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"event": event, "step": step, **values}) + "\n")

    def read(self) -> list[dict[str, Any]]:
        """All lines of a finished run."""
        return [json.loads(line) for line in self._lines()]

    def _lines(self) -> list[str]:
        return self.path.read_text(encoding="utf-8", errors="replace").splitlines() if self.path.is_file() else []

    @property
    def ended(self) -> bool:
        """Whether the last line says that the run has ended."""
        lines = self._lines()
        return bool(lines) and math.isfinite(_step(lines[-1])) and json.loads(lines[-1]).get("event") == "end"

    def truncate_after(self, step: int) -> None:
        """Remove the lines after `step`, which a run resumed from there writes again."""
        if not self.path.is_file():
            return
        kept = [line for line in self._lines() if _step(line) <= step]
        write_text(self.path, "".join(f"{line}\n" for line in kept))


def _step(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):  # an incomplete line of a killed process
        return math.inf
