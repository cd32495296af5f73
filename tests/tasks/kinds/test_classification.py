"""One label for an example."""

import numpy as np
import pytest
import torch

from nlp_ssl.errors import InputError
from nlp_ssl.tasks.kinds.base import Column
from nlp_ssl.tasks.kinds.classification import Classification
from nlp_ssl.tasks.splits import LabelledExamples

KIND = Classification(["bad", "good", "fair"])


def test_labels_are_names_or_declared_ids() -> None:
    column = Column(["good", " 0 ", "best"], lambda row: f"dev.tsv:{row + 2}", [])
    assert KIND.parse(column, declared=True).tolist() == [1, 0, -1]
    assert column.problems == ["dev.tsv:4: unknown label 'best'; the labels are bad (0), good (1), fair (2)"]


def test_f1_is_for_two_labels() -> None:
    with pytest.raises(InputError, match="mine has 3 labels, but f1 requires 2"):
        KIND.check_metrics("mine", ["f1"])
    Classification(["no", "yes"]).check_metrics("mine", ["f1"])


def test_losses_are_cross_entropy() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]]))
    assert float(KIND.loss(logits, torch.tensor([0, 1]))) == pytest.approx(-np.log(0.5) - np.log(0.8))
    assert KIND.selection_loss(logits.numpy(), np.array([0, 1])) == pytest.approx(-np.log(0.4) / 2)


def test_predictions_are_written_with_their_probability() -> None:
    examples = LabelledExamples(["so  so"], ["not\tbad"], np.array([2]))
    _, rows = KIND.prediction_table(np.log([[0.2, 0.2, 0.6]]), examples)
    assert rows == [["1", "fair", "fair", "0.6000", "so so ||| not bad"]]
    assert KIND.submission(np.eye(3)[[1]], examples, names=False) == ["1"]
    assert KIND.prior(np.array([0, 0, 1, 2])).tolist() == [0.5, 0.25, 0.25]
