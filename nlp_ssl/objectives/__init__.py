"""Objectives: one file each, found by name through `nlp_ssl.registry`."""

from nlp_ssl import registry
from nlp_ssl.objectives.base import Objective

__all__ = ["Objective", "all_objectives"]


def all_objectives() -> dict[str, type[Objective]]:
    """Every objective that is built in, installed or loaded by --plugin, by name."""
    return {name: registry.find("objectives", name) for name in registry.names("objectives")}
