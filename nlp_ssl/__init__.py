"""nlp_ssl: raw text in, an honest answer out."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"

_COMMANDS = ("prepare", "pretrain", "finetune", "compare")
"""Functions of `nlp_ssl.api`, which is imported when one of them is used."""


def __getattr__(name: str) -> Any:
    if name not in _COMMANDS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("nlp_ssl.api"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_COMMANDS])
