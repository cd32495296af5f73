"""Random initialisation: the same architecture, without pretraining."""

from __future__ import annotations

from typing import Any, ClassVar

from nlp_ssl.tasks.baselines.base import Baseline


class RandomInit(Baseline):
    """The run's architecture with random weights, scored by the same protocol."""

    name: ClassVar = "random_init"

    def rows(self, experiment: Any) -> list[Any]:
        """The same rows as for the pretrained model."""
        rows: list[Any] = experiment.random_init_rows("random initialisation")
        return rows
