"""The positive class: the label that F1 is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nlp_ssl.errors import InputError, cut, listing
from nlp_ssl.tasks.declaration import Task
from nlp_ssl.tasks.splits import LabelledExamples
from nlp_ssl.tasks.values import label_name


def with_positive(task: Task, labels: Sequence[str], train: LabelledExamples) -> Task:
    """The task with its positive class filled in, if a metric needs one.

    Defaults to the rarer of the two labels of `train`; to the second one if both are equally frequent. InputError if
    the given positive class is not a label.
    """
    if not task.needs_positive:
        return replace(task, positive="")
    if task.positive and label_name(task.positive) not in map(label_name, labels):
        raise InputError(
            f"{task.name}: the positive class {cut(repr(task.positive))} is not a label; {listing(labels)}"
        )
    if task.positive:
        return replace(task, positive=next(name for name in labels if label_name(name) == label_name(task.positive)))
    if len(labels) != 2:
        return task
    assert train.labels is not None
    first, second = np.bincount(train.labels.astype(np.int64), minlength=2)
    return replace(task, positive=labels[0] if first < second else labels[1])
