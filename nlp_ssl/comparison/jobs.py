"""A job of a comparison and its folder.

A job is one piece of work with a result: a pretraining run, the fine-tuning of a run on a task, an overlap count. Its
folder is `OUT/jobs/KIND/NAME-KEY/`, where KEY is a hash of everything that the result depends on: the resolved recipe
with budget and seed, the corpus fingerprint, the task's declaration and data, the fine-tuning options, the version of
this package. Finished jobs never run again, and a new objective, seed or task adds only its own jobs.

The package version stands for the code in the key. Every result also records a hash of the source
(`versions.code_hash`), and mixed hashes cause a warning. As part of the key, that hash would discard hours of work
after any edit.

    job.json     what the result depends on
    log.txt      output
    done.json    the result, once the job is finished
    failed.json  the error of the last try
"""

from __future__ import annotations

import json
import math
import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

from nlp_ssl import __version__, registry
from nlp_ssl.checksums import checksum, checksums
from nlp_ssl.console import warn
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.errors import InputError
from nlp_ssl.json_files import read_object, write_object
from nlp_ssl.output_folder import LOCK

LONGEST_NAME = 120
"""Characters of a job's name in that of its folder, whose key tells it from others."""


class Input(Protocol):
    """Data that a job reads by its path, with the fingerprint that it had when the plan was made."""

    @property
    def name(self) -> str:
        """What it is called in messages."""

    def changed(self) -> bool:
        """Whether the data have another fingerprint now."""


@dataclass(frozen=True)
class CorpusInput:
    """A corpus as an input."""

    folder: Path
    fingerprint: str

    @property
    def name(self) -> str:
        """The corpus's folder."""
        return str(self.folder)

    def changed(self) -> bool:
        """Whether the corpus has another fingerprint now."""
        return Corpus.open(self.folder).fingerprint != self.fingerprint


@dataclass(frozen=True, kw_only=True)
class Job:
    """One piece of work."""

    name: str
    kind: str
    """A key of `job_kinds.JOB_KINDS`."""
    out: Path
    """Folder of the comparison."""
    depends: Mapping[str, Any]
    """Everything that the result depends on, besides the kind and the package version."""
    arguments: tuple[Any, ...]
    """Arguments of the job kind's function; for a command, a list of command-line words."""
    needs: tuple[Job, ...] = ()
    """Jobs that must be finished first."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Files written into the folder before the job starts, by name."""
    networks: int = 1
    """Number of networks wanted. A result with fewer is not finished, and is extended."""
    inputs: tuple[Input, ...] = ()
    """What the job reads by its path. A result is discarded if one has changed since the plan was made."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """Columns that all scores of this job share, named as in results.json."""

    @cached_property
    def folder(self) -> Path:
        """Folder of the job."""
        stated = json.dumps({"kind": self.kind, "version": __version__, **self.depends}, sort_keys=True)
        key = blake2b(stated.encode(), digest_size=6).hexdigest()
        name = re.sub(r"\W+", "-", self.name.removeprefix(f"{self.kind} ")).strip("-")[:LONGEST_NAME]
        return self.out / "jobs" / self.kind / f"{name}-{key}"

    @property
    def result(self) -> dict[str, Any] | None:
        """Content of done.json, or None if the job is not finished, or its result or a file of it is damaged."""
        try:
            result = read_object(self.folder / "done.json", "")
        except InputError:  # a result that cannot be read is none: the job is done again
            return None
        networks = result.get("networks")
        enough = isinstance(networks, int) and networks >= self.networks
        return result if enough and self._is_intact(result) else None

    def _is_intact(self, result: Mapping[str, Any]) -> bool:
        files = result.get("files", {})
        return isinstance(files, dict) and all(_is_as_written(self.folder / name, files[name]) for name in files)

    def clear_damage(self) -> None:
        """Remove the folder if a file of its result is damaged or missing, so that the job starts from nothing."""
        try:
            intact = self._is_intact(read_object(self.folder / "done.json", ""))
        except InputError:  # nothing finished, or only done.json itself is damaged
            return
        if not intact:
            warn(f"{self.folder}: files of this result are damaged or missing, so {self.name} runs again")
            shutil.rmtree(self.folder)

    @property
    def done(self) -> bool:
        """Whether the job is finished."""
        return self.result is not None

    @property
    def error(self) -> str | None:
        """Error of the last try, if it failed."""
        try:
            return str(read_object(self.folder / "failed.json", "")["error"])
        except (InputError, KeyError):
            return None

    @property
    def command(self) -> str:
        """Command line that does the same work."""
        return shlex.join(["nlp-ssl", *registry.plugin_flags(), self.kind, *self.arguments[0]])


Finished = Sequence[tuple[Job, dict[str, Any]]]
"""Finished jobs with their results."""


def write_result(folder: Path, result: Mapping[str, Any]) -> None:
    """Write done.json into a job's folder, with the checksums of all files of the result."""
    own = {folder / name for name in ("job.json", "log.txt", "done.json", "failed.json")}
    files = [file for file in folder.rglob("*") if file.is_file() and file not in own and file.name != LOCK]
    write_object(folder / "done.json", {**result, "files": checksums(folder, files)})


def _is_as_written(file: Path, expected: str) -> bool:
    if not file.is_file():
        return False
    status = file.stat()
    return _checksum(file, status.st_mtime_ns, status.st_size) == expected


@cache
def _checksum(file: Path, modified: int, size: int) -> str:
    """The checksum of a file, computed once for each state of it: results are asked for many times."""
    return checksum(file)


def rate_of(pilot: Job) -> float:
    """Learning rate of a pilot run."""
    rate: float = pilot.about["learning_rate"]
    return rate


def best(pilots: Sequence[Job]) -> Job | None:
    """The pilot with the lowest validation loss; None until every pilot has finished or failed."""
    done = {i: result for i, pilot in enumerate(pilots) if (result := pilot.result) is not None}
    losses = {i: result["validation"].get("loss", math.inf) for i, result in done.items()}  # inf without any target
    if not losses or any(not pilot.done and pilot.error is None for pilot in pilots):
        return None
    return pilots[min(losses, key=lambda i: losses[i])]
