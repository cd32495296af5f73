"""The folder of a run: the checks before writing to it, and the records in it.

recipe.toml        the complete recipe; it can be used as a recipe itself
environment.json   corpus and its fingerprint, command, versions, hardware; the model that the run started from
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
from hashlib import blake2b
from pathlib import Path
from typing import Any

from nlp_ssl import recipe_files
from nlp_ssl.atomic_io import write_text
from nlp_ssl.checksums import checksum
from nlp_ssl.console import speaks, warn
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.errors import InputError
from nlp_ssl.json_files import read_object, write_object
from nlp_ssl.output_folder import contents, exclusive
from nlp_ssl.processes import agree
from nlp_ssl.recipe import Recipe, differences, flat
from nlp_ssl.versions import versions

INCIDENTAL = (
    *("save_every", "keep_checkpoints", "log_every", "log_with"),
    *("batch.workers", "compile", "activation_checkpointing"),
)
"""Fields that may change when a run is resumed. The weights do not depend on them, except for rounding."""

HOW_TO_GO_ON = "run the command again with --resume in place of --out; finished checkpoints are kept"
"""After an error or a stop. It also holds where nothing was written yet."""


def snapshots(count: int) -> dict[str, int]:
    """The names of `count` snapshots, the earliest first. Snapshot "1-of-N" has the value N: taken after steps / N."""
    return {f"1-of-{2**k}": 2**k for k in range(count, 0, -1)}


@contextmanager
def acquire(folder: Path, recipe: Recipe, corpus: Corpus, resume: bool) -> Iterator[None]:
    """Hold a run's folder for writing: a new or empty one, or with `resume` one that holds this run.

    InputError if another process is writing to it, or if it holds anything else: other files, another run, a run with
    another recipe or corpus. Of a distributed run, all processes must have the same recipe, corpus and checkpoint.
    """
    with exclusive(folder):
        _check_resumable(folder, recipe, corpus, resume)
        saved = max((entry.name for entry in (folder / "checkpoints").glob("step-*")), default="none")
        agree({"corpus fingerprint": corpus.fingerprint, "checkpoint": saved, **flat(recipe, Recipe)})
        yield


def has_begun(folder: Path) -> bool:
    """Whether a folder holds anything: it is not empty, and not left by a kill before anything was done."""
    return not {entry.name for entry in contents(folder)} <= {"environment.json"}


def holds(folder: Path, recipe: Recipe, corpus: Corpus) -> bool:
    """Whether the run in a folder has this recipe and corpus. InputError if its records are damaged."""
    trained = recipe_files.load(str(folder))
    same = trained.mixture.name == recipe.mixture.name and not _changes(trained, recipe)
    return same and read_environment(folder).get("fingerprint") == corpus.fingerprint


def _changes(trained: Recipe, recipe: Recipe) -> list[str]:
    return [str(change) for change in differences(trained, recipe) if change.field not in INCIDENTAL]


def _check_resumable(folder: Path, recipe: Recipe, corpus: Corpus, resume: bool) -> None:
    if not has_begun(folder):
        return
    stored = folder / "recipe.toml"
    if not stored.is_file():
        raise InputError(f"{folder} holds other files than a run: choose another --out")
    if not resume:
        raise InputError(f"{folder} holds a run: continue it with --resume {folder}, or choose another --out")
    trained = recipe_files.load(str(folder))
    was, now = trained.mixture.name, recipe.mixture.name
    if was != now:
        raise InputError(
            f"{folder} is a run of {was}, not {now}: leave out the recipe, or begin another run with --out"
        )
    if changes := _changes(trained, recipe):
        remedy = "leave these flags and the recipe out to keep its values, or begin another run with --out"
        raise InputError(f"{folder} holds a run with another recipe: {'; '.join(changes)}; {remedy}")
    check_corpus(folder, corpus, "leave out --corpus, or begin another run with --out")


def check_corpus(folder: Path, corpus: Corpus, remedy: str) -> None:
    """InputError, with what to do about it, if a run was trained on another corpus."""
    environment = read_environment(folder)
    if environment.get("fingerprint") != corpus.fingerprint:
        raise InputError(
            f"{folder} was trained on another corpus ({environment.get('corpus')}, fingerprint "
            f"{environment.get('fingerprint')}; {corpus.folder} has {corpus.fingerprint}): {remedy}"
        )


def corpus_of(folder: Path) -> Path:
    """The folder of the corpus that a run reads. InputError if it is unknown."""
    return Path(str(read_environment(folder).get("corpus")))


def read_environment(folder: Path) -> dict[str, Any]:
    """The content of a run's environment.json. InputError if it is missing or damaged."""
    return read_object(
        folder / "environment.json", "it is unknown which corpus this run used; pretrain again in another --out"
    )


def read_start(folder: Path) -> dict[str, Any] | None:
    """What a run has recorded of the model that it started from; None if there is no such record.

    InputError if it is damaged.
    """
    if not (folder / "recipe.toml").is_file():  # nothing has been done
        return None
    start: dict[str, Any] | None = read_environment(folder).get("start")
    return start


def record(
    folder: Path, recipe: Recipe, corpus: Corpus, processes: int, device: str, start: dict[str, Any] | None = None
) -> None:
    """Write recipe.toml and environment.json. `start` is what to keep of the model that the run started from."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {
        "corpus": str(corpus.folder.absolute()),
        "fingerprint": corpus.fingerprint,
        "command": sys.argv,
        "versions": versions(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "device": device,
        "processes": processes,
        **({"start": start} if start else {}),
    }
    write_object(folder / "environment.json", environment)
    recipe_files.store(folder / "recipe.toml", recipe)


class Metrics:
    """Writes and reads metrics.jsonl."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "metrics.jsonl"

    def append(self, event: str, step: int, values: Mapping[str, Any]) -> None:
        """Append a line."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"event": event, "step": step, **values}) + "\n")

    def read(self) -> list[dict[str, Any]]:
        """All lines of a finished run. InputError where one is damaged."""
        try:
            return [json.loads(line) for line in self._lines()]
        except ValueError:
            raise InputError(f"{self.path} is damaged: pretrain again in another --out") from None

    def _lines(self) -> list[str]:
        return self.path.read_text(encoding="utf-8", errors="replace").splitlines() if self.path.is_file() else []

    @property
    def ended(self) -> bool:
        """Whether the last line says that the run has ended."""
        lines = self._lines()
        return bool(lines) and _event(lines[-1]) == "end"

    @property
    def checksum(self) -> str | None:
        """BLAKE2b of the file; None if there is none."""
        return checksum(self.path) if self.path.is_file() else None

    def truncate_after(self, step: int, expected: str | None = None) -> None:
        """Remove the lines after `step`, which a run resumed from there writes again.

        `expected` is the checksum of those up to it, None if it is unknown. InputError if they have another one, a
        warning if the file is missing.
        """
        if not self.path.exists():
            if expected is not None:
                warn(f"{self.path} is missing: it will lack the lines up to step {step:,}")
            return
        kept = "".join(f"{line}\n" for line in self._lines() if _step(line) <= step)
        if expected is not None and blake2b(kept.encode(), digest_size=16).hexdigest() != expected:
            raise InputError(f"{self.path} is damaged: delete it to continue without its lines up to step {step:,}")
        if speaks():
            write_text(self.path, kept)


def _step(line: str) -> float:
    """The step of a line; infinity for the end of the run, which follows its last step, and for an incomplete line."""
    try:
        found = json.loads(line)
        return math.inf if found["event"] == "end" else float(found["step"])
    except (ValueError, KeyError, TypeError):  # of a killed process
        return math.inf


def _event(line: str) -> str | None:
    try:
        return str(json.loads(line)["event"])
    except (ValueError, KeyError, TypeError):
        return None
