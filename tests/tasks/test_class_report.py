"""Figures of each class, by hand."""

import numpy as np
import pytest

from nlp_ssl.tasks.class_report import class_report
from nlp_ssl.tasks.kinds.classification import Classification
from nlp_ssl.tasks.kinds.multilabel import Multilabel
from nlp_ssl.tasks.kinds.regression import Regression
from nlp_ssl.tasks.kinds.token_classification import TokenClassification

GOLD = np.array([0, 0, 0, 1])
ONE = np.log([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]])  # predicts 0 0 1 1
TWO = np.log([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]])  # predicts 0 0 0 0


@pytest.mark.parametrize("positive", ["", "bad", "good"])
def test_two_classes_and_two_networks(positive: str) -> None:
    kind = Classification(["bad", "good"], positive)
    report = class_report(kind, GOLD, [ONE])
    assert report["classes"]["bad"] == pytest.approx({"precision": 1, "recall": 2 / 3, "f1": 0.8, "support": 3})
    assert report["classes"]["good"] == pytest.approx({"precision": 0.5, "recall": 1, "f1": 2 / 3, "support": 1})
    assert report["confusion"] == [[2, 1], [0, 1]]
    assert report["auc"] == pytest.approx(2 / 3)  # .7 is above .1 and .4, but not above .8

    both = class_report(kind, GOLD, [ONE, TWO])
    assert both["classes"]["good"] == pytest.approx({"precision": 0.25, "recall": 0.5, "f1": 1 / 3, "support": 1})
    assert both["confusion"] == [[2.5, 0.5], [0.5, 0.5]]
    assert both["auc"] == pytest.approx(5 / 6)


def test_three_classes_of_which_one_does_not_occur() -> None:
    outputs = np.log([[0.5, 0.3, 0.2], [0.4, 0.5, 0.1], [0.1, 0.1, 0.8]])
    report = class_report(Classification(["a", "b", "c"]), np.array([0, 1, 0]), [outputs])
    assert report["confusion"] == [[1, 0, 1], [0, 1, 0], [0, 0, 0]]
    assert report["classes"]["c"] == {"precision": 0, "recall": 0, "f1": 0, "support": 0}
    assert report["auc"] == pytest.approx((0.5 + 1) / 2)  # a: .5 > .4 > .1; b: .5 is the highest; c is left out


def test_the_tags_of_words() -> None:
    report = class_report(TokenClassification(["X", "Y"]), np.array([[0, 1], [1, -1]]), [np.eye(2)[[0, 1, 0]]])
    assert report["classes"]["Y"] == pytest.approx({"precision": 1, "recall": 0.5, "f1": 2 / 3, "support": 2})
    assert report["confusion"] == [[1, 0], [1, 1]]


def test_several_labels_have_no_confusion_matrix() -> None:
    outputs = np.array([[2.0, -1.0], [-2.0, -3.0], [1.0, 0.5]])  # predicts 10 00 11
    report = class_report(Multilabel(["a", "b"]), np.array([[1, 0], [1, 0], [0, 1]]), [outputs])
    assert report["classes"]["a"] == pytest.approx({"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2})
    assert report["auc"] == pytest.approx((0.5 + 1) / 2)
    assert "confusion" not in report


def test_numbers_have_no_classes() -> None:
    assert class_report(Regression(), np.array([1.0, 2.0]), [np.array([[1.0], [2.0]])]) is None
