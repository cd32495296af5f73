"""Constant predictions: the most frequent label, the label frequencies, or the mean of the training labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from nlp_ssl.tasks.baselines.base import BaselineData, Outputs, TextBaseline, repeated

if TYPE_CHECKING:
    from nlp_ssl.tasks.kinds.base import TaskKind


class Majority(TextBaseline):
    """The same outputs for every example."""

    name: ClassVar = "majority"

    def title(self, kind: TaskKind) -> str:
        """The name in tables, which depends on the kind of task."""
        return kind.prior_name

    def fit(self, data: BaselineData) -> tuple[dict[str, Outputs], dict[str, Any]]:
        """Return the prior of the training labels for every unit. There are no hyperparameters."""
        prior = data.kind.prior(data.train.labels)  # type: ignore[arg-type]
        return {split: repeated(prior, data.kind.units(e)) for split, e in data.predicted.items()}, {}
