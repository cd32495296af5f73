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


def summary(kind: str, name: str) -> str:
    """The sentence that introduces a shipped declaration: the comment in the first line of its file."""
    with (folder(kind) / f"{name}.toml").open(encoding="utf-8") as lines:
        return next(lines).removeprefix("#").strip()


def summaries(kind: str, chosen: list[str]) -> str:
    """A line with name and summary for each of these declarations, for help texts."""
    width = max(map(len, chosen))
    return "\n".join(f"  {name:<{width}}  {summary(kind, name)}" for name in chosen)


def names(kind: str) -> list[str]:
    """The sorted names of the shipped declarations of a kind."""
    return sorted(file.stem for file in folder(kind).glob("*.toml"))
