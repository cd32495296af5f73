"""Classification of rows."""

import math
from types import SimpleNamespace

import pytest
import torch

from nlp_ssl.heads.base import Encode
from nlp_ssl.heads.sequence_classification import SequenceClassification
from tests.networks import config_of, mixture
from tests.worlds import vocabulary


def head(logits: torch.Tensor) -> SequenceClassification:
    """A head whose carrier gives these logits, whatever it reads."""
    made = SequenceClassification(None, None, None, None, vocabulary())
    made.carrier = lambda inputs_embeds, attention_mask: SimpleNamespace(logits=logits)
    return made


def loss_of(logits: list[list[float]], labels: list[int]):
    encode = Encode(lambda view, averaged: None, {"main": {}})
    return head(torch.tensor(logits)).loss(None, encode, {"labels": torch.tensor(labels)}, torch.Generator())


def test_the_loss_is_cross_entropy_and_rows_without_a_label_count_nothing() -> None:
    half = math.log(0.5)
    found = loss_of([[half, half], [math.log(0.2), math.log(0.8)], [9.0, 0.0]], [0, 1, -100])
    assert found.sum.item() == pytest.approx(-math.log(0.5) - math.log(0.8), rel=1e-6)
    assert not found.metrics


def test_accuracy_of_two_classes() -> None:
    with torch.no_grad():
        found = loss_of([[2.0, 1.0], [2.0, 1.0], [0.0, 1.0], [5.0, 0.0]], [0, 1, 1, -100])
    assert {name: [v.item() for v in pair] for name, pair in found.metrics.items()} == {"accuracy": [2, 3]}


def test_more_than_five_classes_have_a_top_five_accuracy() -> None:
    descending = [6.0, 5.0, 4.0, 3.0, 2.0, 1.0]
    with torch.no_grad():
        found = loss_of([descending] * 3, [0, 4, 5])  # first, fifth, sixth
    assert [v.item() for v in found.metrics["accuracy"]] == [1, 3]
    assert [v.item() for v in found.metrics["among_five"]] == [2, 3]


def test_each_loss_has_its_own_classes_in_the_config() -> None:
    assert SequenceClassification.carrier_key("nsp") == "nsp"
    config, losses = config_of(mixture("sop"), size="tiny"), mixture("sop").losses
    made = SequenceClassification.configure(config, losses["sop"], vocabulary())
    assert made.id2label == dict(enumerate(losses["sop"].classes(vocabulary())))
    assert made.label2id == {name: i for i, name in made.id2label.items()} and len(made.id2label) == 2
    assert made.classifier_pooling == losses["sop"].objective.pooling
