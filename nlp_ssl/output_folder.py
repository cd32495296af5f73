"""A command's output: a folder, to which one process writes at a time, or a single file.

    with exclusive(options.out):
        ...

The lock is the operating system's, held on the file `LOCK` in the folder. It ends with the process that holds it,
even if that process is killed.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from filelock import FileLock, Timeout

from nlp_ssl.atomic_io import UNFINISHED, remove_unfinished
from nlp_ssl.console import speaks
from nlp_ssl.errors import InputError
from nlp_ssl.processes import check_shared

LOCK = ".lock"
"""The lock's file name. It is removed when the lock is released; a killed process leaves it, which blocks nobody."""


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold a folder for writing, and create it. InputError if it is a file, or if another process holds it.

    What killed processes left half-written anywhere in it is removed.
    Of the processes of a distributed run, only the first one takes the lock, and all must see it. Folders that were
    created are removed again if they are still empty at the end.
    """
    require_folder(folder)
    if not speaks():
        check_shared(folder / LOCK)
        yield
        return
    created = [place for place in (folder, *folder.parents) if not place.exists()]
    _create(folder)
    lock = FileLock(folder / LOCK, blocking=False)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(
            f"{folder}: another process is writing to this folder; wait until it ends, or choose another --out"
        ) from None
    try:
        remove_unfinished(folder.rglob(f"*{UNFINISHED}"))
        check_shared(folder / LOCK)
        yield
    finally:
        (folder / LOCK).unlink(missing_ok=True)  # while it is held: a waiting process notices that it is gone
        lock.release()
        for place in created:
            if place.is_dir() and not any(place.iterdir()):
                place.rmdir()


def _create(folder: Path) -> None:
    """Create a folder. InputError if it cannot be created, unless a disk is full."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            raise
        reason = os.strerror(error.errno or 0).lower()
        raise InputError(f"{folder} cannot be created ({reason}): choose another --out") from None


def require_folder(folder: Path) -> None:
    """InputError if a folder, or one that it would lie in, is a file."""
    for place in (folder, *folder.parents):
        if place.exists() and not place.is_dir():
            raise InputError(f"{place} is a file: choose another --out")


def check_file(out: Path, suffixes: Sequence[str], data: Path) -> None:
    """InputError if a file to write has none of the suffixes, cannot be written, or is the file of `data`."""
    if out.suffix not in suffixes:
        raise InputError(f"--out {out}: the suffix must be one of {', '.join(suffixes)}")
    if not out.parent.is_dir():
        raise InputError(f"--out {out}: no such folder: {out.parent}")
    if out.exists() and data.exists() and out.samefile(data):
        raise InputError(f"--out {out}: this is the file of --data, which would be lost; choose another file")
    require_writable(out)


def require_writable(out: Path) -> None:
    """InputError if no file can be written to the folder of `out`."""
    try:
        with TemporaryFile(dir=out.parent):
            pass
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise InputError(f"--out {out}: no file can be written there ({reason}); choose another --out") from None


def contents(folder: Path) -> list[Path]:
    """The entries of a folder, sorted; without the lock, and without what a kill left half-written."""
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    return [entry for entry in entries if entry.name != LOCK and entry.suffix != UNFINISHED]
