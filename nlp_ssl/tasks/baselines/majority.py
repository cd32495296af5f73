"""The most frequent label, label frequencies, or the mean: what the labels of train alone predict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from nlp_ssl.tasks.baselines.base import BaselineData, Outputs, TextBaseline, repeated

if TYPE_CHECKING:
    from nlp_ssl.tasks.kinds.base import TaskKind


class Majority(TextBaseline):
    """The same outputs for every example."""

    name: ClassVar = "majority"

    def title(self, kind: TaskKind) -> str:
        """As the kind of task calls it."""
        return kind.prior_name

    def fit(self, data: BaselineData) -> tuple[dict[str, Outputs], dict[str, Any]]:
        """Nothing is chosen."""
        prior = data.kind.prior(data.train.labels)  # type: ignore[arg-type]
        return {split: repeated(prior, data.kind.units(e)) for split, e in data.predicted.items()}, {}
