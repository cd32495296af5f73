"""Metrics against scikit-learn and scipy."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from nlp_ssl.tasks.declaration import kind_metrics
from nlp_ssl.tasks.metrics import METRICS, score

REFERENCES = {
    "accuracy": sk.accuracy_score,
    "f1": lambda g, p: sk.f1_score(g == 1, p == 1),
    "macro_f1": lambda g, p: sk.f1_score(g, p, average="macro"),
    "matthews": sk.matthews_corrcoef,
    "pearson": lambda g, p: stats.pearsonr(g, p)[0],
    "spearman": lambda g, p: stats.spearmanr(g, p)[0],
}


def data(metric: str, n: int = 60, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(classes)
    if metric in ("pearson", "spearman"):
        gold = rng.normal(size=n).round(1)  # with ties
        return gold, (gold + rng.normal(size=n)).round(1)
    gold = rng.integers(0, classes, n)
    return gold, np.where(rng.random(n) < 0.6, gold, rng.integers(0, classes, n))


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("metric", REFERENCES)
def test_scores_are_those_of_the_libraries(metric: str, classes: int) -> None:
    gold, predicted = data(metric, classes=classes)
    assert score(metric, gold, predicted) == pytest.approx(REFERENCES[metric](gold, predicted), abs=1e-12)


@pytest.mark.parametrize("metric", REFERENCES)
def test_weights_are_the_same_as_repeated_examples(metric: str) -> None:
    gold, predicted = data(metric)
    weights = np.random.default_rng(0).multinomial(len(gold), np.full(len(gold), 1 / len(gold)), size=5)
    scores = METRICS[metric](gold.astype(float), predicted.astype(float), weights.astype(float))
    for w, got in zip(weights, scores, strict=True):
        again = np.repeat(gold, w), np.repeat(predicted, w)
        assert got == pytest.approx(REFERENCES[metric](*again), abs=1e-12)


def test_undefined_metrics_are_zero() -> None:
    assert score("pearson", [1, 2, 3], [0.1, 0.1, 0.1]) == 0
    assert score("spearman", [1, 2, 3], [0.1, 0.1, 0.1]) == 0
    assert score("matthews", [0, 1, 1], [1, 1, 1]) == 0
    assert score("f1", [0, 0, 0], [0, 0, 0]) == 0


ROWS = {
    "micro_f1": lambda g, p: sk.f1_score(g, p, average="micro", zero_division=0),
    "macro_f1": lambda g, p: sk.f1_score(g, p, average="macro", zero_division=0),
    "subset_accuracy": sk.accuracy_score,
}


@pytest.mark.parametrize("metric", ROWS)
def test_several_labels_weighted_and_not(metric: str) -> None:
    rng = np.random.default_rng(0)
    gold = rng.integers(0, 2, (40, 4))
    predicted = np.where(rng.random((40, 4)) < 0.8, gold, 1 - gold)
    assert score(metric, gold, predicted) == pytest.approx(ROWS[metric](gold, predicted), abs=1e-12)
    weights = rng.multinomial(40, np.full(40, 1 / 40), size=5)
    for w, got in zip(weights, METRICS[metric](gold, predicted, weights.astype(float)), strict=True):
        again = np.repeat(gold, w, 0), np.repeat(predicted, w, 0)
        assert got == pytest.approx(ROWS[metric](*again), abs=1e-12)


def test_accuracy_of_sentences_is_over_words() -> None:
    gold, predicted = np.array([[1, 2, 3], [1, -1, -1]]), np.array([[1, 2, 0], [0, -1, -1]])
    assert score("accuracy", gold, predicted) == 2 / 4
    without_second = METRICS["accuracy"](gold, predicted, np.array([[1.0, 0.0]]))
    assert without_second.tolist() == [2 / 3]


def test_every_metric_of_every_kind_exists() -> None:
    known = {metric for metrics in kind_metrics().values() for metric in metrics}
    assert known == set(METRICS)


def test_precision_recall_and_auc_by_hand() -> None:
    gold, predicted = [1, 1, 1, 0, 0], [1, 0, 0, 1, 0]
    assert score("precision", gold, predicted) == 1 / 2
    assert score("recall", gold, predicted) == pytest.approx(1 / 3)
    # Of 6 pairs of a positive and a negative: .9 wins 2, .4 ties with .4 and wins 1, .3 wins 1.
    assert score("auc", gold, [0.9, 0.4, 0.3, 0.4, 0.1]) == pytest.approx(4.5 / 6)
    assert score("auc", [1, 1], [0.2, 0.4]) == 0  # not defined
    assert score("precision", [1, 0], [0, 0]) == 0


def test_auc_is_that_of_scikit_learn_weighted_and_not() -> None:
    rng = np.random.default_rng(0)
    gold = rng.integers(0, 3, 60)
    probabilities = rng.dirichlet(np.ones(3), 60).round(1) + np.eye(3)[gold] / 2
    probabilities /= probabilities.sum(1, keepdims=True)
    assert score("auc", gold, probabilities) == pytest.approx(sk.roc_auc_score(gold, probabilities, multi_class="ovr"))
    weights = rng.multinomial(60, np.full(60, 1 / 60), size=4)
    positive = (gold == 1).astype(float)
    for w, got in zip(weights, METRICS["auc"](positive, probabilities[:, 1], weights.astype(float)), strict=True):
        assert got == pytest.approx(sk.roc_auc_score(np.repeat(positive, w), np.repeat(probabilities[:, 1], w)))
    several = rng.integers(0, 2, (60, 3))
    assert score("auc", several, probabilities) == pytest.approx(sk.roc_auc_score(several, probabilities))
