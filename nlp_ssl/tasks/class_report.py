"""Figures of each class: precision, recall, F1, support, the confusion matrix and the area under the ROC curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nlp_ssl.tasks.metrics import score

if TYPE_CHECKING:
    from nlp_ssl.tasks.kinds.base import Array, TaskKind


def class_report(kind: TaskKind, labels: Array, outputs: Sequence[Array]) -> dict[str, Any] | None:
    """The figures of each class, as means over networks; None for kinds of task without classes.

    `labels` [n, ...] are those of the examples, `outputs` [units, outputs] those of each network. The result has
    `classes` (for each label `precision`, `recall`, `f1` and `support`), `auc` (one label against the rest, the mean
    over the labels) and, for tasks with one class for each unit, `confusion`: rows are gold labels, columns predicted
    ones. Undefined figures are 0.
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    if kind.classes(outputs[0]) is None:
        return None
    gold = kind.unit_labels(labels)
    every = range(len(kind.labels))
    figures, areas, matrices = [], [], []
    for found in outputs:
        predicted = kind.classes(found)
        figures.append(precision_recall_fscore_support(gold, predicted, labels=every, zero_division=0))
        areas.append(score("auc", *_for_auc(kind, gold, found)))
        if kind.one_class:
            matrices.append(confusion_matrix(gold, predicted, labels=every))
    precision, recall, f1, support = np.mean(figures, axis=0)
    report: dict[str, Any] = {
        "classes": {
            label: {"precision": float(p), "recall": float(r), "f1": float(f), "support": int(n)}
            for label, p, r, f, n in zip(kind.labels, precision, recall, f1, support, strict=True)
        },
        "auc": float(np.mean(areas)),
    }
    if matrices:
        report["confusion"] = np.mean(matrices, axis=0).round(2).tolist()
    return report


def _for_auc(kind: TaskKind, gold: Array, outputs: Array) -> tuple[Array, Array]:
    """Labels and probabilities for AUC. Of two classes, the second is the positive one; AUC is the same for either."""
    probabilities = kind.probabilities(outputs)
    if probabilities.ndim == 1:
        return gold if kind.positive != kind.labels[0] else 1 - gold, probabilities
    return gold, probabilities
