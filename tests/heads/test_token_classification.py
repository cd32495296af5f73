"""Classification of tokens."""

import math

import pytest
import torch

from nlp_ssl.heads.token_classification import TokenClassification
from tests.networks import config_of, losses, make, mixture
from tests.worlds import vocabulary

IDS = torch.tensor([[2, 10, 4, 12, 3], [2, 4, 14, 3, 0]])


def inputs(positions: list[int], labels: list[int]) -> dict:
    targets = {"labels": torch.tensor(labels), "positions": torch.tensor(positions)}
    return {"views": {"main": {"input_ids": IDS}}, "targets": {"token_type": targets}}


def test_the_loss_is_cross_entropy_at_the_targets() -> None:
    """The same as that of the assembled transformers model, at row 0, column 2, and row 1, column 1."""
    model = make("token_type").eval()
    found = losses(model, inputs([2, 6, 0], [1, 3, -100]))["token_type"]
    assert not found.metrics
    logits = model.assemble()(input_ids=IDS).logits
    assert logits.shape == (2, 5, 5)
    expected = -logits.log_softmax(-1)[[0, 1], [2, 1], [1, 3]].sum()
    assert found.sum.item() == pytest.approx(expected.item(), rel=1e-5)
    assert abs(found.sum.item() - 2 * math.log(5)) < 1.5  # it has learned nothing yet


def test_accuracy_does_not_count_padding_of_the_targets() -> None:
    model = make("token_type").eval()
    with torch.no_grad():
        model.carriers["token_type"].classifier.weight.zero_()
        model.carriers["token_type"].classifier.bias.copy_(torch.tensor([0.0, 0.0, 0.0, 1.0, 0.0]))
        found = losses(model, inputs([2, 6, 0, 0], [1, 3, -100, -100]))["token_type"]
    assert {name: [v.item() for v in pair] for name, pair in found.metrics.items()} == {"accuracy": [1, 2]}


def test_each_loss_has_its_own_classes_in_the_config() -> None:
    assert TokenClassification.carrier_key("token_type") == "token_type"
    made = TokenClassification.configure(
        config_of(mixture("token_type"), size="tiny"), mixture("token_type").losses["token_type"], vocabulary()
    )
    assert made.id2label == {0: "stop word", 1: "word", 2: "number", 3: "punctuation", 4: "other"}
    assert made.label2id["punctuation"] == 3


def test_two_losses_do_not_share_a_classifier() -> None:
    from nlp_ssl.objectives.mixture import Mixture
    from nlp_ssl.objectives.random_label import RandomLabel
    from nlp_ssl.objectives.token_type import TokenType
    from nlp_ssl.training.model import PretrainingModel

    both = {"token_type": TokenType(), "random_label": RandomLabel(labels=7)}
    mixed = Mixture(objectives=both, mixing="alternating")
    model = PretrainingModel(config_of(mixed, size="tiny"), mixed, vocabulary())
    assert {name: carrier.classifier.out_features for name, carrier in model.carriers.items()} == {
        "token_type": 5,
        "random_label": 7,
    }
