"""Base classes of baselines.

Baselines use the same training examples, selection part and scored splits as the pretrained models. Their outputs
[units, outputs] follow the kind of task (`nlp_ssl.tasks.kinds`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from nlp_ssl.console import progress

if TYPE_CHECKING:
    from nlp_ssl.tasks.kinds.base import LinearModel, TaskKind
    from nlp_ssl.tasks.splits import LabelledExamples

Outputs = npt.NDArray[Any]


@dataclass(frozen=True)
class BaselineData:
    """The examples that a baseline is fitted to and predicts."""

    kind: TaskKind
    train: LabelledExamples
    """All training examples."""
    fitting: LabelledExamples
    """The training examples without the selection part."""
    selection: LabelledExamples
    """The training examples that hyperparameters are chosen on."""
    predicted: dict[str, LabelledExamples]
    """Examples to predict, by split."""
    metric: str
    """The metric that hyperparameters are chosen by."""

    def selection_score(self, outputs: Outputs) -> float:
        """The metric on the selection part, for outputs [units, outputs]."""
        return self.kind.score(self.metric, outputs, self.selection)


class Baseline(ABC):
    """Base of all baselines."""

    name: ClassVar[str]
    """Name in the registry."""

    @abstractmethod
    def rows(self, experiment: Any) -> list[Any]:
        """Score the baseline in an `nlp_ssl.evaluation.experiment.Experiment`; returns its rows of the table."""


class TextBaseline(Baseline):
    """A baseline on the texts themselves, without a neural network."""

    def rows(self, experiment: Any) -> list[Any]:
        """One row of the table."""
        return [experiment.text_row(self)]

    @abstractmethod
    def title(self, kind: TaskKind) -> str:
        """The name in tables."""

    @abstractmethod
    def fit(self, data: BaselineData) -> tuple[dict[str, Outputs], dict[str, Any]]:
        """Fit the baseline. Returns outputs [units, outputs] by split, and the chosen hyperparameters."""


class LinearBaseline(TextBaseline):
    """The linear model of the kind of task. C is chosen on the selection part."""

    Cs: ClassVar[tuple[float, ...]]
    """Inverse regularisation strengths to try."""
    settings: ClassVar[Mapping[str, float]] = MappingProxyType({})
    """Settings of the linear model (`TaskKind.fit_linear`)."""

    @abstractmethod
    def features(self, train: LabelledExamples) -> Callable[[LabelledExamples], Any]:
        """Fit the features to `train`. Returns a function from examples to features [units, D]."""

    def fit(self, data: BaselineData) -> tuple[dict[str, Outputs], dict[str, Any]]:
        """Choose C, then fit to all training examples."""
        tried = []
        with progress(self.title(data.kind), len(self.Cs) + 1, "models") as job:
            of = self.features(data.fitting)
            fitting, selection = of(data.fitting), of(data.selection)
            for C in self.Cs:
                outputs = self._linear(data.kind, data.fitting, fitting, C).outputs(selection)
                tried.append({"C": C, "score": data.selection_score(data.kind.log_outputs(outputs))})
                job.advance()
            best = max(tried, key=lambda t: t["score"])["C"]
            of = self.features(data.train)
            model = self._linear(data.kind, data.train, of(data.train), best)
            job.advance()
        found = {split: model.outputs(of(examples)) for split, examples in data.predicted.items()}
        return {split: data.kind.log_outputs(outputs) for split, outputs in found.items()}, {"C": best, "tried": tried}

    def _linear(self, kind: TaskKind, examples: LabelledExamples, features: Any, C: float) -> LinearModel:
        assert examples.labels is not None
        return kind.fit_linear(features, kind.unit_labels(examples.labels), C, **self.settings)


def repeated(outputs: Outputs, n: int) -> Outputs:
    """Repeat outputs [outputs] for n units: [n, outputs]."""
    return np.tile(outputs, (n, 1))
