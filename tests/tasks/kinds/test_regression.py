"""A number for an example."""

import numpy as np
import pytest
import torch

from nlp_ssl.errors import InputError
from nlp_ssl.tasks.kinds.base import Column
from nlp_ssl.tasks.kinds.regression import Regression
from nlp_ssl.tasks.splits import LabelledExamples

KIND = Regression()


def test_numbers_are_parsed_and_checked() -> None:
    column = Column(["1.5", 2, "nan", "x", "１", "1_000"], lambda row: f"dev.tsv:{row + 2}", [])
    assert KIND.parse(column, declared=False)[:2].tolist() == [1.5, 2.0]
    assert column.problems == [
        "dev.tsv:4: the label 'nan' is not a finite number such as 1.5",
        "dev.tsv:5: the label 'x' is not a finite number such as 1.5",
        "dev.tsv:6: the label '１' is not a finite number such as 1.5",
        "dev.tsv:7: the label '1_000' is not a finite number such as 1.5",
    ]


def test_labels_without_any_number_are_one_problem_for_all_splits() -> None:
    words = Column(["good", "bad"], lambda row: f"train.tsv:{row + 2}", [])
    mixed = Column(["good", "1"], lambda row: f"dev.tsv:{row + 2}", [])
    with pytest.raises(InputError) as error:
        KIND.find_labels((), {"train": words, "dev": words})
    said = "train.tsv:2: the label 'good' is no number, and no other label is; for classes, the kind is classification"
    assert error.value.problems == (said,)
    assert KIND.find_labels((), {"train": words, "dev": mixed}) == ()


def test_losses_are_squared_errors() -> None:
    outputs, gold = np.array([[1.0], [3.0]]), np.array([2.0, 1.0])
    assert float(KIND.loss(torch.from_numpy(outputs), torch.from_numpy(gold))) == pytest.approx(5)
    assert KIND.selection_loss(outputs, gold) == pytest.approx(2.5)


def test_regression_has_one_output_and_no_strata() -> None:
    assert (KIND.outputs, KIND.output_names, KIND.strata(np.array([1.0])), KIND.labels) == (1, ("score",), None, ())
    _, rows = KIND.prediction_table(np.array([[1.25]]), LabelledExamples(["a"], None, np.array([2.0])))
    assert rows == [["1", "2", "1.2500", "a"]]


def test_ridge_regression_is_stronger_for_a_smaller_c() -> None:
    """By hand: two centred examples, so the slope is 2 / (2 + 1 / C)."""
    features, labels = np.array([[-1.0], [1.0]]), np.array([-1.0, 1.0])
    assert KIND.fit_linear(features, labels, 0.5).outputs(features).ravel().tolist() == pytest.approx([-0.5, 0.5])
