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


def test_balanced_classes_weigh_the_same() -> None:
    labels = np.array([0, 0, 0, 0, 1, 1])
    assert KIND.class_weights(labels) is None
    balanced = Classification(["bad", "good", "fair"], balanced=True)
    assert balanced.class_weights(labels).tolist() == [0.75, 1.5, 1]  # 6 / (2 x 4), 6 / (2 x 2); "fair" is missing
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]]))
    loss = balanced.loss(logits, torch.tensor([0, 1]), torch.tensor([0.75, 1.5, 1.0]))
    assert float(loss) == pytest.approx(-0.75 * np.log(0.5) - 1.5 * np.log(0.8))


def test_balanced_classes_move_a_linear_model_to_the_rare_class() -> None:
    features, labels = np.zeros((10, 1)), np.array([0] * 8 + [1] * 2)
    for balanced, rare in ((False, 0.2), (True, 0.5)):  # without features, the probability is the share of the weights
        kind = Classification(["no", "yes"], balanced=balanced)
        assert kind.fit_linear(features, labels, 1.0).outputs(features)[0, 1] == pytest.approx(rare, abs=1e-4)


def test_probabilities_are_those_of_the_positive_class() -> None:
    outputs = np.log([[0.2, 0.8], [0.9, 0.1]])
    assert Classification(["no", "yes"]).probabilities(outputs) == pytest.approx([0.8, 0.1])
    assert Classification(["no", "yes"], positive="no").probabilities(outputs) == pytest.approx([0.2, 0.9])
    assert KIND.probabilities(np.log([[0.2, 0.3, 0.5]])) == pytest.approx(np.array([[0.2, 0.3, 0.5]]))
