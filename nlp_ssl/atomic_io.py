"""Files that are there whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nlp_ssl.errors import InputError

UNFINISHED = ".writing"
"""What the name ends in of what a kill left half-written; it can be deleted."""


def flush(path: Path) -> None:
    """Make a file, or the entries of a folder, survive a crash of the machine."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def writing(final: Path) -> Iterator[Path]:
    """A path beside `final` to write a file or a folder to, which is put in its place at once when it is finished.

    After an error nothing of it is left; after a kill, something whose name ends in `UNFINISHED`. Several processes
    may write the same thing: the last one stays.
    """
    beside = final.with_name(f"{final.name}.{os.getpid()}{UNFINISHED}")
    try:
        yield beside
        if beside.is_dir():
            shutil.rmtree(final, ignore_errors=True)
            put_folder(beside, final)
        else:
            flush(beside)
            beside.rename(final)
            flush(final.parent)
    except BaseException:
        if beside.is_dir():
            shutil.rmtree(beside, ignore_errors=True)
        else:
            beside.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file, which is there at once."""
    with writing(path) as beside:
        beside.write_text(text, encoding="utf-8")


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
