"""Objectives, one per file. `nlp_ssl.registry` finds them by name."""

from nlp_ssl import registry
from nlp_ssl.objectives.base import Objective

__all__ = ["Objective", "all_objectives"]


def all_objectives() -> dict[str, type[Objective]]:
    """All objectives by name: built-in, installed, and loaded by --plugin."""
    return {name: registry.find("objectives", name) for name in registry.names("objectives")}
