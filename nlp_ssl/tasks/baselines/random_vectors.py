"""Random token vectors under the same probes: the score of bags of tokens without pretraining."""

from __future__ import annotations

from typing import Any, ClassVar

from nlp_ssl.tasks.baselines.base import Baseline


class RandomVectors(Baseline):
    """A random vector for each token of the vocabulary. For probes only."""

    name: ClassVar = "random_vectors"

    def rows(self, experiment: Any) -> list[Any]:
        """One row for each probing method."""
        rows: list[Any] = experiment.random_vector_rows("random vectors")
        return rows
