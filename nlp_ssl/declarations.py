"""The shipped declarations: recipes in `objectives/`, corpora and tasks in `data/`.

They lie at the top of a checkout, and inside the package in a wheel.
"""

from __future__ import annotations

from pathlib import Path


def folder(kind: str) -> Path:
    """The folder of shipped declarations of a kind: "objectives" or "data"."""
    package = Path(__file__).parent
    installed = package / "declarations" / kind
    return installed if installed.is_dir() else package.parent / kind


def names(kind: str) -> list[str]:
    """The sorted names of the shipped declarations of a kind."""
    return sorted(file.stem for file in folder(kind).glob("*.toml"))
