"""Any number of labels for each text or pair."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy.special import expit, logit

from nlp_ssl.errors import InputError, cut
from nlp_ssl.tasks.kinds.base import Array, Column, TaskKind, by_number, ids_of, known_labels, texts_of, wrong_list
from nlp_ssl.tasks.values import label_name

if TYPE_CHECKING:
    from nlp_ssl.tasks.splits import LabelledExamples


class Multilabel(TaskKind):
    """Multilabel classification. Labels are multi-hot, int64 [n, labels]; outputs are log odds.

    A label is predicted if its log odds are above 0. In a file, the labels of an example are a list or a
    comma-separated string, which may be empty.
    """

    name: ClassVar = "multilabel"
    metrics: ClassVar = ("micro_f1", "macro_f1", "subset_accuracy", "auc")
    problem_type: ClassVar = "multi_label_classification"
    prior_name: ClassVar = "label frequencies"

    @classmethod
    def find_labels(cls, declared: tuple[str, ...], columns: dict[str, Column]) -> tuple[str, ...]:
        """The declared names, or those of train, sorted."""
        found = {name for value in columns["train"].values for name in _names(value)}
        return declared or tuple(sorted(found, key=by_number))

    @classmethod
    def wrong_value(cls, value: Any) -> str | None:
        """A label is a list of single values, or a string."""
        return wrong_list(value, "label")

    @classmethod
    def check_labels(cls, labels: tuple[str, ...], where: str) -> None:
        """Raise InputError if there are fewer than two labels."""
        if len(labels) < 2:
            raise InputError(f"{where}: found {len(labels)} labels; at least 2 are required")

    def parse(self, column: Column, declared: bool) -> Array:
        """Parse multi-hot labels, int64 [n, labels]."""
        ids = ids_of(self.labels, declared)
        labels = np.zeros((len(column.values), len(self.labels)), dtype=np.int64)
        for row, value in enumerate(column.values):
            for name in _names(value):
                if name in ids:
                    labels[row, ids[name]] = 1
                else:
                    column.report(row, f"unknown label {cut(repr(name))}; the labels are {known_labels(self.labels)}")
        return labels

    def only_label(self, labels: Array) -> str | None:
        """The comma-separated names if all examples have the same set of labels, else None."""
        if len(np.unique(labels, axis=0)) > 1:
            return None
        return ",".join(np.array(self.labels)[labels[0] > 0])

    def strata(self, labels: Array) -> Array:
        """Stratify by set of labels."""
        strata: Array = np.unique(labels, axis=0, return_inverse=True)[1].reshape(-1)
        return strata

    def loss(self, logits: Any, gold: Any, class_weights: Any = None) -> Any:
        """Binary cross-entropy, averaged over labels and summed over examples."""
        from torch.nn.functional import binary_cross_entropy_with_logits

        return binary_cross_entropy_with_logits(logits, gold.to(logits.dtype), reduction="sum") / logits.shape[1]

    def selection_loss(self, outputs: Array, labels: Array) -> float:
        """Mean binary cross-entropy in nats."""
        return float(np.mean(np.logaddexp(0, outputs) - labels * outputs))

    def predictions(self, outputs: Array, examples: LabelledExamples) -> Array:
        """Multi-hot predictions, int64 [n, labels]."""
        return self.classes(outputs)

    def classes(self, outputs: Array) -> Array:
        """Multi-hot predictions, int64 [n, labels]."""
        return (outputs > 0).astype(np.int64)

    def probabilities(self, outputs: Array) -> Array:
        """The probability of each label [n, labels]."""
        found: Array = expit(outputs.astype(float))
        return found

    def prior(self, labels: Array) -> Array:
        """The log odds of each label."""
        odds: Array = logit(labels.mean(0))
        return odds

    def fit_linear(self, features: Any, labels: Array, C: float, **settings: Any) -> _LogOdds:
        """One-vs-rest logistic regression."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.multiclass import OneVsRestClassifier

        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Label .* is present in all training examples|Label not .* is present")
            return _LogOdds(OneVsRestClassifier(LogisticRegression(C=C, **settings)).fit(features, labels))

    def votes(self, labels: Array) -> Array:
        """Multi-hot labels."""
        return labels.astype(float)

    def vote_outputs(self, shares: Array) -> Array:
        """Log odds."""
        odds: Array = logit(np.clip(shares, 0, 1))
        return odds

    def prediction_table(self, outputs: Array, examples: LabelledExamples) -> tuple[list[str], list[list[str]]]:
        """A row for each example, with comma-separated labels."""
        names = np.array(self.labels)
        both = zip(self.gold(examples), self.predictions(outputs, examples), texts_of(examples), strict=True)
        rows = [[str(i), ",".join(names[g > 0]), ",".join(names[p > 0]), t] for i, (g, p, t) in enumerate(both, 1)]
        return ["example", "gold", "predicted", "text"], rows

    def submission(self, outputs: Array, examples: LabelledExamples, names: bool) -> list[str]:
        """Comma-separated label names or ids."""
        names_of = np.array(self.labels if names else [str(i) for i in range(len(self.labels))])
        return [",".join(names_of[row > 0]) for row in self.predictions(outputs, examples)]


class _LogOdds:
    def __init__(self, model: Any) -> None:
        self.model = model

    def outputs(self, features: Any) -> Array:
        """Predict log odds [n, labels]."""
        found: Array = self.model.decision_function(features)
        return found


def _names(value: Any) -> list[str]:
    if value is None or value != value:
        return []
    parts = value if isinstance(value, list) else str(value).split(",")
    return [name for part in parts if (name := label_name(part))]
