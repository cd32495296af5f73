"""Files that are there whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nlp_ssl.errors import InputError


def flush(path: Path) -> None:
    """Make a file, or the entries of a folder, survive a crash of the machine."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_text(path: Path, text: str) -> None:
    """Write a text file beside its place, then put it there at once."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file beside its place, then put it there at once."""
    beside = path.with_name(path.name + ".writing")
    beside.write_bytes(data)
    flush(beside)
    beside.rename(path)
    flush(path.parent)


def put_folder(writing: Path, final: Path) -> None:
    """Put a finished folder in its place at once, all its files on the disk."""
    for file in writing.rglob("*"):
        flush(file)
    writing.rename(final)
    flush(final.parent)


@contextmanager
def or_disk_full(folder: Path, remedy: str, clean: Path | None = None) -> Iterator[None]:
    """Turn a failure under a full disk into an InputError: libraries tell of a failed write in many ways.

    `clean` is a folder that is only half-written then; it is removed.
    """
    try:
        yield
    except Exception:
        full = folder.is_dir() and shutil.disk_usage(folder).free < 2**20
        if clean is not None:
            shutil.rmtree(clean, ignore_errors=True)
        if not full:
            raise
        raise InputError(f"{folder}: the disk is full; make some room and {remedy}") from None
