"""A number for each text or pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nlp_ssl.errors import InputError, cut
from nlp_ssl.tasks.kinds.base import Array, Column, TaskKind, texts_of
from nlp_ssl.tasks.values import number

if TYPE_CHECKING:
    from nlp_ssl.tasks.splits import LabelledExamples


class Regression(TaskKind):
    """Regression. Labels are numbers, float64 [n]; there is one output."""

    name: ClassVar = "regression"
    metrics: ClassVar = ("pearson", "spearman")
    problem_type: ClassVar = "regression"
    prior_name: ClassVar = "mean of train"

    @classmethod
    def find_labels(cls, declared: tuple[str, ...], columns: dict[str, Column]) -> tuple[str, ...]:
        """Regression has no label names. InputError if no label of any split is a number."""
        values = [value for column in columns.values() for value in column.values]
        if values and all(number(value) is None for value in values):
            at = next(column.at(0) for column in columns.values() if column.values)
            raise InputError(
                f"{at}: the label {cut(repr(values[0]))} is no number, and no other label is; for classes, the kind is "
                "classification"
            )
        return declared

    def parse(self, column: Column, declared: bool) -> Array:
        """Parse numbers, float64 [n]."""
        numbers = np.zeros(len(column.values))
        for row, value in enumerate(column.values):
            found = number(value)
            if found is None:
                column.report(row, f"the label {cut(repr(value))} is not a finite number such as 1.5")
            else:
                numbers[row] = found
        return numbers

    @property
    def outputs(self) -> int:
        """One output."""
        return 1

    @property
    def output_names(self) -> tuple[str, ...]:
        """A name for the saved config."""
        return ("score",)

    def loss(self, logits: Any, gold: Any, class_weights: Any = None) -> Any:
        """Squared error, summed over examples."""
        from torch.nn.functional import mse_loss

        return mse_loss(logits[:, 0], gold.to(logits.dtype), reduction="sum")

    def selection_loss(self, outputs: Array, labels: Array) -> float:
        """Mean squared error."""
        return float(np.mean((outputs[:, 0] - labels) ** 2))

    def predictions(self, outputs: Array, examples: LabelledExamples) -> Array:
        """The predicted numbers [n]."""
        return outputs[:, 0]

    def prior(self, labels: Array) -> Array:
        """The mean of the training labels."""
        return np.array([labels.mean()])

    def fit_linear(self, features: Any, labels: Array, C: float, **_: Any) -> _Numbers:
        """Ridge regression with alpha = 1 / C."""
        from sklearn.linear_model import Ridge

        return _Numbers(Ridge(alpha=1 / C).fit(features, labels))

    def votes(self, labels: Array) -> Array:
        """The labels themselves, [n, 1]."""
        return labels[:, None]

    def prediction_table(self, outputs: Array, examples: LabelledExamples) -> tuple[list[str], list[list[str]]]:
        """A row for each example, with the predicted number."""
        both = zip(self.gold(examples), self.predictions(outputs, examples), texts_of(examples), strict=True)
        rows = [[str(i), f"{g:g}", f"{p:.4f}", t] for i, (g, p, t) in enumerate(both, 1)]
        return ["example", "gold", "predicted", "text"], rows

    def submission(self, outputs: Array, examples: LabelledExamples, names: bool) -> list[str]:
        """Numbers with three decimals."""
        return [f"{p:.3f}" for p in self.predictions(outputs, examples)]


class _Numbers:
    def __init__(self, model: Any) -> None:
        self.model = model

    def outputs(self, features: Any) -> Array:
        """Predict numbers [n, 1]."""
        return np.asarray(self.model.predict(features)).reshape(-1, 1)
