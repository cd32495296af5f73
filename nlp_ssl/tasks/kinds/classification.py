"""One label for each text or pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy.special import log_softmax, softmax

from nlp_ssl.errors import InputError, cut, listing
from nlp_ssl.tasks.declaration import OF_POSITIVE
from nlp_ssl.tasks.kinds.base import (
    Array,
    ClassProbabilities,
    Column,
    TaskKind,
    by_number,
    ids_of,
    known_labels,
    log,
    texts_of,
)
from nlp_ssl.tasks.values import label_name, number

if TYPE_CHECKING:
    from nlp_ssl.tasks.splits import LabelledExamples


MANY_LABELS = 20
"""More undeclared labels than this, in over half of the rows, are taken for a wrong column."""


class Classification(TaskKind):
    """Single-label classification. Labels are class ids, int64 [n]; outputs are logits or log probabilities."""

    name: ClassVar = "classification"
    metrics: ClassVar = ("accuracy", "f1", "precision", "recall", "auc", "macro_f1", "matthews")
    problem_type: ClassVar = "single_label_classification"
    one_class: ClassVar = True

    @classmethod
    def find_labels(cls, declared: tuple[str, ...], columns: dict[str, Column]) -> tuple[str, ...]:
        """The declared names, or those of train, sorted."""
        if declared:
            return declared
        train = columns["train"]
        for row, value in enumerate(train.values):
            if not label_name(value):
                train.report(row, "the label is empty; fill it in or remove the row")
        names = {label_name(value) for value in train.values}
        if len(names) > MANY_LABELS and 2 * len(names) > len(train.values):
            numbers = all(number(name) is not None for name in names)
            advice = "for numbers, use --kind regression" if numbers else "check --label-column"
            raise InputError(
                f"{train.at(0)}: the labels of train have {len(names):,} different values in "
                f"{len(train.values):,} rows; {advice}"
            )
        return tuple(sorted(names, key=by_number))

    @classmethod
    def check_labels(cls, labels: tuple[str, ...], where: str) -> None:
        """Raise InputError if there are fewer than two classes."""
        if len(labels) < 2:
            raise InputError(f"{where}: all labels are {listing(labels, '')}; at least 2 classes are required")

    def parse(self, column: Column, declared: bool) -> Array:
        """Parse class ids, int64 [n]."""
        ids = ids_of(self.labels, declared)
        found = [ids.get(label_name(value), -1) for value in column.values]
        for row, label in enumerate(found):
            if label < 0:
                known = known_labels(self.labels)
                column.report(row, f"unknown label {cut(repr(column.values[row]))}; the labels are {known}")
        return np.array(found, dtype=np.int64)

    def check_metrics(self, task: str, metrics: Any) -> None:
        """Raise InputError if a metric of the positive class is requested for more than two classes."""
        of_two = [metric for metric in metrics if metric in OF_POSITIVE]
        if of_two and len(self.labels) > 2:
            raise InputError(f"{task} has {len(self.labels)} labels, but {of_two[0]} requires 2; use --metric macro_f1")

    def only_label(self, labels: Array) -> str | None:
        """The name of the only class, if there is one."""
        return self.labels[int(labels[0])] if len(set(labels.tolist())) < 2 else None

    def strata(self, labels: Array) -> Array:
        """Stratify by class."""
        return labels

    def loss(self, logits: Any, gold: Any, class_weights: Any = None) -> Any:
        """Cross-entropy, summed over examples."""
        from torch.nn.functional import cross_entropy

        return cross_entropy(logits, gold, class_weights, reduction="sum")

    def selection_loss(self, outputs: Array, labels: Array) -> float:
        """Mean cross-entropy in nats."""
        return float(-log_softmax(outputs, axis=1)[np.arange(len(labels)), labels].mean())

    def predictions(self, outputs: Array, examples: LabelledExamples) -> Array:
        """The most probable classes, int64 [n]. Of two classes, the positive one is 1."""
        return self._for_metrics(self.classes(outputs))

    def probabilities(self, outputs: Array) -> Array:
        """The probability of the positive class [n], or of each class [n, labels] if there are more than two."""
        found: Array = softmax(outputs.astype(float), axis=1)
        return found[:, self._for_metrics(np.array(1))] if len(self.labels) == 2 else found

    def classes(self, outputs: Array) -> Array:
        """The most probable class ids, int64 [n]."""
        found: Array = outputs.argmax(axis=1)
        return found

    def gold(self, examples: LabelledExamples) -> Array:
        """The gold classes, int64 [n]. Of two classes, the positive one is 1."""
        return self._for_metrics(super().gold(examples))

    def _for_metrics(self, ids: Array) -> Array:
        return 1 - ids if len(self.labels) == 2 and self.positive == self.labels[0] else ids

    def prior(self, labels: Array) -> Array:
        """The relative frequency of each class."""
        shares: Array = np.bincount(labels.astype(np.int64), minlength=len(self.labels)) / len(labels)
        return shares

    def fit_linear(self, features: Any, labels: Array, C: float, **settings: Any) -> ClassProbabilities:
        """Logistic regression."""
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=C, class_weight="balanced" if self.balanced else None, **settings)
        return ClassProbabilities(model.fit(features, labels), len(self.labels))

    def votes(self, labels: Array) -> Array:
        """One-hot labels."""
        return np.eye(len(self.labels))[labels]

    def log_outputs(self, outputs: Array) -> Array:
        """Log probabilities."""
        return log(outputs)

    def vote_outputs(self, shares: Array) -> Array:
        """Log probabilities."""
        return log(shares)

    def prediction_table(self, outputs: Array, examples: LabelledExamples) -> tuple[list[str], list[list[str]]]:
        """A row for each example, with the predicted class and its probability."""
        probability = softmax(outputs, axis=1).max(axis=1)
        both = zip(super().gold(examples), self.classes(outputs), probability, texts_of(examples), strict=True)
        rows = [[str(i), self.labels[g], self.labels[p], f"{s:.4f}", t] for i, (g, p, s, t) in enumerate(both, 1)]
        return ["example", "gold", "predicted", "probability", "text"], rows

    def submission(self, outputs: Array, examples: LabelledExamples, names: bool) -> list[str]:
        """Label names or ids."""
        return [self.labels[p] if names else str(p) for p in self.classes(outputs)]
