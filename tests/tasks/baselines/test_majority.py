"""Predictions from the labels of train alone."""

import numpy as np

from nlp_ssl.tasks.baselines.base import BaselineData
from nlp_ssl.tasks.baselines.majority import Majority
from nlp_ssl.tasks.kinds.classification import Classification
from nlp_ssl.tasks.kinds.regression import Regression
from nlp_ssl.tasks.splits import LabelledExamples
from tests.tasks.baselines.sentences import DATA


def test_majority_gives_every_word_the_most_frequent_tag() -> None:
    outputs, _ = Majority().fit(DATA)
    assert outputs["dev"].argmax(1).tolist() == [0, 0, 0]


def test_every_example_gets_the_shares_of_train_or_its_mean() -> None:
    def outputs(kind, labels):
        train = LabelledExamples(["a"] * len(labels), None, np.array(labels))
        dev = LabelledExamples(["b", "c"], None, np.array(labels[:2]))
        return Majority().fit(BaselineData(kind, train, train, dev, {"dev": dev}, kind.metrics[0]))[0]["dev"]

    assert outputs(Classification(["no", "yes"]), [0, 1, 1, 1]).tolist() == [[0.25, 0.75]] * 2
    assert outputs(Regression(), [1.0, 2.0, 6.0]).tolist() == [[3.0]] * 2
