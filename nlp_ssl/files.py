"""Files that are there whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import os
from pathlib import Path


def flush(path: Path) -> None:
    """Make a file, or the entries of a folder, survive a crash of the machine."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_text(path: Path, text: str) -> None:
    """Write a text file beside its place, then put it there at once."""
    beside = path.with_name(path.name + ".writing")
    beside.write_text(text, encoding="utf-8")
    flush(beside)
    beside.rename(path)
    flush(path.parent)


def put_folder(writing: Path, final: Path) -> None:
    """Put a finished folder in its place at once, all its files on the disk."""
    for file in writing.rglob("*"):
        flush(file)
    writing.rename(final)
    flush(final.parent)
