"""Several labels for an example."""

import numpy as np
import pytest
import torch

from nlp_ssl.errors import InputError
from nlp_ssl.tasks.kinds.base import Column
from nlp_ssl.tasks.kinds.multilabel import Multilabel
from nlp_ssl.tasks.splits import LabelledExamples

KIND = Multilabel(["joy", "anger", "fear"])


def column(*values: object) -> Column:
    return Column(list(values), lambda row: f"train.jsonl:{row + 1}", [])


def test_labels_are_lists_or_strings_with_commas() -> None:
    values = column(["joy", "fear"], "anger, joy", "", None, "2")
    assert KIND.parse(values, declared=True).tolist() == [[1, 0, 1], [1, 1, 0], [0, 0, 0], [0, 0, 0], [0, 0, 1]]
    assert values.problems == []
    assert Multilabel.find_labels((), {"train": column("10,2", ["b"])}) == ("2", "10", "b")


def test_unknown_labels_are_reported_with_their_row() -> None:
    values = column("joy", "sadness,joy")
    KIND.parse(values, declared=False)
    assert values.problems == ["train.jsonl:2: unknown label 'sadness'; the labels are joy (0), anger (1), fear (2)"]
    with pytest.raises(InputError, match="found 1 labels; at least 2"):
        Multilabel.check_labels(("joy",), "train.jsonl")


def test_the_loss_is_binary_cross_entropy() -> None:
    logits, gold = torch.tensor([[0.0, 2.0, -1.0]]), torch.tensor([[1, 1, 0]])
    expected = (np.log(2) + np.log1p(np.exp(-2)) + np.log1p(np.exp(-1))) / 3
    assert float(KIND.loss(logits, gold)) == pytest.approx(expected, abs=1e-6)
    assert KIND.selection_loss(logits.numpy(), gold.numpy()) == pytest.approx(expected, abs=1e-6)


def test_a_label_is_predicted_where_it_is_more_likely_than_not() -> None:
    examples = LabelledExamples(["a"], None, np.array([[1, 0, 0]]))
    assert KIND.predictions(np.array([[0.1, -0.1, 3.0]]), examples).tolist() == [[1, 0, 1]]
    header, rows = KIND.prediction_table(np.array([[0.1, -0.1, 3.0]]), examples)
    assert header == ["example", "gold", "predicted", "text"] and rows == [["1", "joy", "joy,fear", "a"]]
    prior = KIND.prior(np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 1, 0]]))
    assert prior.tolist() == pytest.approx([np.log(3), 0.0, -np.inf])


def test_a_linear_model_for_each_label() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(200, 2))
    labels = np.stack([features[:, 0] > 0, features[:, 1] > 0, np.zeros(200)], 1).astype(np.int64)
    found = KIND.fit_linear(features, labels, 100.0).outputs(features) > 0
    assert (found == labels).mean() > 0.97


def test_strata_are_sets_of_labels() -> None:
    strata = KIND.strata(np.array([[1, 0, 1], [0, 0, 0], [1, 0, 1], [1, 0, 0]]))
    assert strata[0] == strata[2] and len(set(strata.tolist())) == 3
    assert KIND.only_label(np.array([[1, 0, 1], [1, 0, 1]])) == "joy,fear"
