"""Random initialisation: the same architecture, without pretraining."""

from __future__ import annotations

from typing import Any, ClassVar

from nlp_ssl.tasks.baselines.base import Baseline


class RandomInit(Baseline):
    """A network of the run's architecture, scored by the same protocol."""

    name: ClassVar = "random_init"

    def rows(self, experiment: Any) -> list[Any]:
        """The rows of a network."""
        rows: list[Any] = experiment.random_init_rows("random initialisation")
        return rows
