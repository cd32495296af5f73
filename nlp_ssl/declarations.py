"""Where the declarations (recipes in `objectives/`, corpora and tasks in `data/`) are.

A checkout has them at its top; a wheel carries them inside the package.
"""

from __future__ import annotations

from pathlib import Path


def folder(kind: str) -> Path:
    """The folder of shipped declarations of a kind: "objectives" or "data"."""
    package = Path(__file__).parent
    installed = package / "declarations" / kind
    return installed if installed.is_dir() else package.parent / kind


def names(kind: str) -> list[str]:
    """The names of the shipped declarations of a kind, sorted."""
    return sorted(file.stem for file in folder(kind).glob("*.toml"))
