"""Metrics, vectorised over R sample weightings of the examples.

`weights` [R, n] are the sample weights of n examples in each of R scores. A model's score has unit weights;
`nlp_ssl.statistics.intervals` resamples examples. Labels are class ids or numbers [n], multi-hot rows [n, labels], or
the tag codes of sentences [n, words], negative after the end of a sentence (`nlp_ssl.tasks.spans`). For AUC, predicted
are probabilities [n] or [n, labels]; for ROUGE, the F1 of each text's ROUGE-1, ROUGE-2 and ROUGE-L [n, 3]. Undefined
scores, such as the correlation of constant predictions, are 0.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from nlp_ssl.tasks.spans import span_counts

Floats = npt.NDArray[np.float64]
Metric = Callable[[Floats, Floats, Floats], Floats]
"""(gold[n, ...], predicted[n, ...], weights[R, n]) -> scores[R]."""


def accuracy(gold: Floats, predicted: Floats, weights: Floats) -> Floats:
    """The fraction of examples whose class is correct; in token tasks, the fraction of correct words."""
    if gold.ndim == 2:
        words = gold >= 0
        return _ratio(weights @ ((gold == predicted) & words).sum(1), weights @ words.sum(1))
    return _ratio(weights @ (gold == predicted), weights.sum(1))


def f1(gold: Floats, predicted: Floats, weights: Floats) -> Floats:
    """F1 of class 1, as in GLUE's paraphrase tasks (Wang et al., ICLR 2019, section 3.2)."""
    return _class_f1(gold == 1, predicted == 1, weights)


def precision(gold: Floats, predicted: Floats, weights: Floats) -> Floats:
    """The fraction of examples predicted as class 1 that have class 1."""
    return _ratio(weights @ ((gold == 1) & (predicted == 1)), weights @ (predicted == 1))


def recall(gold: Floats, predicted: Floats, weights: Floats) -> Floats:
    """The fraction of examples of class 1 that are predicted as class 1."""
    return _ratio(weights @ ((gold == 1) & (predicted == 1)), weights @ (gold == 1))


def auc(gold: Floats, predicted: Floats, weights: Floats) -> Floats:
    """The area under the ROC curve: how often a positive example is ranked above a negative one; a tie is a half.

    `predicted` [n] are probabilities of class 1. With a column for each label, `predicted` [n, labels], it is the mean
    over the labels of one label against the rest; labels without positive or negative examples are left out.
    """
    if predicted.ndim == 1:
        return _binary_auc(gold == 1, predicted, weights)[0]
    is_gold = gold > 0 if gold.ndim == 2 else gold[:, None] == np.arange(predicted.shape[1])
    columns = [_binary_auc(g, p, weights) for g, p in zip(is_gold.T, predicted.T, strict=True)]
    areas, defined = (np.stack(values) for values in zip(*columns, strict=True))  # [labels, R]
    return _ratio(areas.sum(0), defined.sum(0))


def macro_f1(gold: Floats, predicted: Floats, weights: Floats) -> Floats:
    """The unweighted mean F1 of the classes that occur in gold or predicted labels, or of all multi-hot labels."""
    if gold.ndim == 2:
        columns = zip(gold.T > 0, predicted.T > 0, strict=True)
        mean: Floats = np.stack([_class_f1(*column, weights) for column in columns]).mean(0)
        return mean
    classes = np.unique([gold, predicted])
    scores = np.stack([_class_f1(gold == c, predicted == c, weights) for c in classes])
    occurs = np.stack([weights @ ((gold == c) | (predicted == c)) > 0 for c in classes])
    return _ratio((scores * occurs).sum(0), occurs.sum(0))


def matthews(gold: Floats, predicted: Floats, weights: Floats) -> Floats:
    """Matthews correlation coefficient for any number of classes (Gorodkin 2004)."""
    n = weights.sum(1)
    classes = np.unique([gold, predicted])
    is_gold = (gold[:, None] == classes).astype(float)
    is_predicted = (predicted[:, None] == classes).astype(float)
    golds, predictions = weights @ is_gold, weights @ is_predicted  # [R, classes]
    covariance = n * (weights @ (gold == predicted)) - (golds * predictions).sum(1)
    spread = (n**2 - (golds**2).sum(1)) * (n**2 - (predictions**2).sum(1))
    return _ratio(covariance, np.sqrt(spread))


def pearson(gold: Floats, predicted: Floats, weights: Floats) -> Floats:
    """Pearson correlation."""
    centred = [np.broadcast_to(v - v.mean(), weights.shape) for v in (gold, predicted)]
    return _correlation(centred[0], centred[1], weights)


def spearman(gold: Floats, predicted: Floats, weights: Floats) -> Floats:
    """Spearman rank correlation; tied values share their mean rank."""
    return _correlation(_ranks(gold, weights), _ranks(predicted, weights), weights)


def micro_f1(gold: Floats, predicted: Floats, weights: Floats) -> Floats:
    """F1 over the labels of all examples, for multi-hot rows."""
    right = weights @ ((gold > 0) & (predicted > 0)).sum(1)
    return _ratio(2 * right, weights @ (gold > 0).sum(1) + weights @ (predicted > 0).sum(1))


def subset_accuracy(gold: Floats, predicted: Floats, weights: Floats) -> Floats:
    """The fraction of examples whose set of labels is exactly correct, for multi-hot rows."""
    return _ratio(weights @ (gold == predicted).all(1), weights.sum(1))


def rouge_1(gold: Floats, predicted: Floats, weights: Floats) -> Floats:
    """The mean ROUGE-1 F1 (`nlp_ssl.objectives._rouge`)."""
    return _ratio(weights @ predicted[:, 0], weights.sum(1))


def rouge_2(gold: Floats, predicted: Floats, weights: Floats) -> Floats:
    """The mean ROUGE-2 F1."""
    return _ratio(weights @ predicted[:, 1], weights.sum(1))


def rouge_l(gold: Floats, predicted: Floats, weights: Floats) -> Floats:
    """The mean ROUGE-L F1."""
    return _ratio(weights @ predicted[:, 2], weights.sum(1))


def span_f1(gold: Floats, predicted: Floats, weights: Floats) -> Floats:
    """Micro-averaged F1 of labelled spans, as in seqeval's default mode, for tag codes [n, words]."""
    return f1_of_counts(weights @ span_table(gold, predicted))


def span_table(gold: Floats, predicted: Floats) -> Floats:
    """Correct, gold and predicted spans of each sentence, [n, 3]."""
    return np.stack(span_counts(gold.astype(np.int64), predicted.astype(np.int64)), axis=1).astype(float)


def f1_of_counts(counts: Floats) -> Floats:
    """F1 of the numbers of correct, gold and predicted items [..., 3]."""
    return _ratio(2 * counts[..., 0], counts[..., 1] + counts[..., 2])


METRICS: dict[str, Metric] = {
    "accuracy": accuracy,
    "f1": f1,
    "precision": precision,
    "recall": recall,
    "auc": auc,
    "macro_f1": macro_f1,
    "matthews": matthews,
    "pearson": pearson,
    "spearman": spearman,
    "micro_f1": micro_f1,
    "subset_accuracy": subset_accuracy,
    "span_f1": span_f1,
    "rouge_1": rouge_1,
    "rouge_2": rouge_2,
    "rouge_l": rouge_l,
}

COUNTS = {"span_f1": span_table}
"""F1 metrics that depend on sums of counts alone: the counts of each example, [n, 3]."""

CORRELATIONS = ("matthews", "pearson", "spearman")
"""Metrics in [-1, 1]; the others are in [0, 1]."""

OF_PROBABILITIES = ("auc",)
"""Metrics of probabilities; the others are of predicted labels or numbers."""


def score(metric: str, gold: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    """The score of predictions [n, ...] with unit weights."""
    gold, predicted = np.asarray(gold, dtype=float), np.asarray(predicted, dtype=float)
    return float(METRICS[metric](gold, predicted, np.ones((1, len(gold))))[0])


def _class_f1(is_gold: npt.NDArray[np.bool_], is_predicted: npt.NDArray[np.bool_], weights: Floats) -> Floats:
    right = weights @ (is_gold & is_predicted)
    return _ratio(2 * right, weights @ is_gold + weights @ is_predicted)


def _binary_auc(positive: npt.NDArray[np.bool_], predicted: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """The area under the ROC curve [R], 0 where it is not defined, and whether it is defined, 0 or 1 [R]."""
    positives, negatives = weights @ positive, weights @ ~positive
    ranks = ((weights * _ranks(predicted, weights))[:, positive]).sum(1)
    area = _ratio(ranks - positives * (positives + 1) / 2, positives * negatives)
    return area, (positives * negatives > 0).astype(float)


def _correlation(x: Floats, y: Floats, weights: Floats) -> Floats:
    """The weighted correlation of x and y, both [R, n]."""
    total = weights.sum(1, keepdims=True)
    x = x - (weights * x).sum(1, keepdims=True) / total
    y = y - (weights * y).sum(1, keepdims=True) / total
    spread = (weights * x**2).sum(1) * (weights * y**2).sum(1)
    rounding = 1e-24 * total[:, 0] ** 2  # the variance that rounding leaves in constant values
    return _ratio(np.where(spread > rounding, (weights * x * y).sum(1), 0.0), np.sqrt(spread))


def _ranks(values: Floats, weights: Floats) -> Floats:
    """The weighted mean rank of each value [R, n]; tied values share it."""
    _, group = np.unique(values, return_inverse=True)
    order = np.argsort(group, kind="stable")
    firsts = np.flatnonzero(np.diff(group[order], prepend=-1))
    sizes = np.add.reduceat(weights[:, order], firsts, axis=1)  # [R, groups]
    middles = np.cumsum(sizes, axis=1) - (sizes - 1) / 2
    return middles[:, group]


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    return np.divide(numerator, denominator, out=np.zeros(len(numerator)), where=denominator > 0)
