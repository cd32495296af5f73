"""What every baseline is.

Baselines get the same training examples as the networks, make choices on the same selection part of them, and are
scored on the same splits. Their outputs are those of the kind of task: [units, outputs].
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from nlp_ssl.console import progress

if TYPE_CHECKING:
    from nlp_ssl.tasks.kinds.base import TaskKind
    from nlp_ssl.tasks.splits import LabelledExamples

Outputs = npt.NDArray[Any]


@dataclass(frozen=True)
class BaselineData:
    """What a baseline learns from and predicts."""

    kind: TaskKind
    train: LabelledExamples
    """All training examples."""
    fitting: LabelledExamples
    """The training examples without the selection part: choices are made on models that learned from these."""
    selection: LabelledExamples
    predicted: dict[str, LabelledExamples]
    """Examples to predict, by split."""
    metric: str
    """The metric that choices are made by."""

    def selection_score(self, outputs: Outputs) -> float:
        """The metric on the selection part."""
        return self.kind.score(self.metric, outputs, self.selection)


class Baseline(ABC):
    """Base of all baselines."""

    name: ClassVar[str]

    @abstractmethod
    def rows(self, experiment: Any) -> list[Any]:
        """The rows of the table that it adds to an `nlp_ssl.evaluation.experiment.Experiment`."""


class TextBaseline(Baseline):
    """A baseline that reads the texts themselves, without any network."""

    def rows(self, experiment: Any) -> list[Any]:
        """One row."""
        return [experiment.text_row(self)]

    @abstractmethod
    def title(self, kind: TaskKind) -> str:
        """Its name in tables."""

    @abstractmethod
    def fit(self, data: BaselineData) -> tuple[dict[str, Outputs], dict[str, Any]]:
        """Outputs by split, and what was chosen."""


class LinearBaseline(TextBaseline):
    """A linear model on sparse features, with the regularisation chosen on the selection part."""

    Cs: ClassVar[tuple[float, ...]]
    """Inverse regularisation strengths to try."""

    @abstractmethod
    def model(self, data: BaselineData, train: LabelledExamples, C: float) -> Callable[[LabelledExamples], Outputs]:
        """Fit to `train`; returns what gives outputs."""

    def fit(self, data: BaselineData) -> tuple[dict[str, Outputs], dict[str, Any]]:
        """Choose C, then fit to all training examples."""
        tried = []
        with progress(self.title(data.kind), len(self.Cs) + 1, "models") as job:
            for C in self.Cs:
                outputs = self.model(data, data.fitting, C)(data.selection)
                tried.append({"C": C, "score": data.selection_score(outputs)})
                job.advance()
            best = max(tried, key=lambda t: t["score"])["C"]
            model = self.model(data, data.train, best)
            job.advance()
        return {split: model(examples) for split, examples in data.predicted.items()}, {"C": best, "tried": tried}


def repeated(outputs: Outputs, n: int) -> Outputs:
    """The same outputs [outputs] for n units: [n, outputs]."""
    return np.tile(outputs, (n, 1))
