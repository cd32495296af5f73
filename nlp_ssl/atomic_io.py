"""Files and folders that appear complete or not at all."""

from __future__ import annotations

import glob
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nlp_ssl.disk_errors import find_disk_error

UNFINISHED = ".writing"
"""The suffix of what a killed process left half-written. It can be deleted."""


def remove_unfinished(paths: Iterable[Path]) -> None:
    """Remove those of the files and folders that a killed process left half-written."""
    for path in list(paths):
        if path.suffix == UNFINISHED:
            remove(path)


def remove_leftovers(final: Path) -> None:
    """Remove what killed processes left half-written of a file outside a folder that is held for writing."""
    remove_unfinished(final.parent.glob(f"{glob.escape(final.name)}.*{UNFINISHED}"))


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Make a file, or the entries of a folder, survive a crash of the machine."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def writing(final: Path, durable: bool = True) -> Iterator[Path]:
    """A path beside `final` for a file or a folder, which replaces `final` when it is complete.

    An error leaves nothing of it, a kill leaves something with the suffix `UNFINISHED`. Several processes, also of
    several machines, may write the same path: the last one wins. A file that is not `durable` may be lost in a crash
    of the machine.
    """
    beside = final.with_name(f"{final.name}.{secrets.token_hex(4)}{UNFINISHED}")
    with removed_on_error(beside):
        yield beside
        if beside.is_dir():
            remove(final)
            put_folder(beside, final)
        else:
            if durable:
                flush(beside)
            if final.is_dir():
                remove(final)
            beside.rename(final)
            if durable:
                flush(final.parent)


@contextmanager
def removed_on_error(path: Path) -> Iterator[None]:
    """Remove a half-written file or folder after an error. OSError where the error hides one of the disk."""
    try:
        yield
    except BaseException as error:
        disk_error = find_disk_error(error, path.parent)  # before removing frees space
        remove(path)
        if disk_error is not None and disk_error is not error:
            raise disk_error from error
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8. It appears complete or not at all."""
    with writing(path) as beside:
        beside.write_text(text, encoding="utf-8")


def put_folder(writing: Path, final: Path) -> None:
    """Rename a complete folder to `final`, after all its files are on the disk."""
    for file in writing.rglob("*"):
        flush(file)
    writing.rename(final)
    flush(final.parent)
