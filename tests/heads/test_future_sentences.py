import math
from types import SimpleNamespace

import pytest
import torch

from nlp_ssl.heads.base import Encode
from nlp_ssl.heads.future_sentences import FutureSentences
from nlp_ssl.objectives.cpc import ContrastivePredictiveCoding
from nlp_ssl.objectives.mixture import Mixture
from tests.worlds import vocabulary

LOSS = Mixture(objectives={"cpc": ContrastivePredictiveCoding(distances=2)}).losses["cpc"]


def head(width: int = 4) -> FutureSentences:
    torch.manual_seed(0)
    return FutureSentences(SimpleNamespace(hidden_size=width), None, None, LOSS, vocabulary())


def rows(group: list[int], valid: list[bool] | None = None) -> dict[str, torch.Tensor]:
    return {"group": torch.tensor(group), "valid": torch.tensor(valid or [True] * len(group))}


def axes(*numbers: int) -> torch.Tensor:
    return 2 * torch.eye(4)[list(numbers)]


VECTORS = torch.stack([axes(0, 1, 0, 1), axes(2, 2, 2, 3)])
"""Two predictions, then two sentences, of two examples. Products are 4 or 0; the width is 4, so scores are 2 or 0."""


def test_info_nce_by_hand() -> None:
    """Each prediction chooses among its own sentence and both sentences of the other example.

    Three of four predictions equal their sentence and no other; the last one equals a sentence of its own document.
    """
    found = head().batch_loss(LOSS, VECTORS, rows([0, 1]))
    right = -math.log(math.exp(2) / (math.exp(2) + 2))
    assert found.sum.item() == pytest.approx((right + right) / 2 + (right + math.log(3)) / 2, rel=1e-6)


def test_examples_of_one_document_are_no_negatives() -> None:
    assert head().batch_loss(LOSS, VECTORS, rows([7, 7])).sum.item() == pytest.approx(0, abs=1e-6)


def test_padding_does_not_matter() -> None:
    padded = torch.cat([VECTORS[:1], torch.ones(1, 4, 4), VECTORS[1:]])
    found = head().batch_loss(LOSS, padded, rows([0, 5, 1], [True, False, True]))
    assert found.sum.item() == pytest.approx(head().batch_loss(LOSS, VECTORS, rows([0, 1])).sum.item(), rel=1e-6)


def test_metrics_by_hand() -> None:
    """The last prediction has the score 0 with all three sentences: the first of these is chosen."""
    with torch.no_grad():
        found = head().batch_loss(LOSS, VECTORS, rows([0, 1])).metrics
    mean = {name: (total / count).item() for name, (total, count) in found.items()}
    assert mean["accuracy"] == 0.75 and mean["accuracy_by_chance"] == pytest.approx(1 / 3)
    assert mean["accuracy_at_1"] == 1 and mean["accuracy_at_2"] == 0.5
    # In each of four dimensions one of four vectors is 1, the others 0: the deviation is sqrt(3) / 4.
    assert mean["spread"] == pytest.approx(math.sqrt(3) / 4 * 2)


def test_predictions_and_sentences_are_of_mean_vectors() -> None:
    made = head(2)
    states = {"main": [[1.0, 3.0], [3.0, 5.0]], "next 1": [[1.0, 0.0], [0.0, 0.0]], "next 2": [[0.0, 1.0], [0.0, 3.0]]}
    views = {name: {"of": torch.tensor([value])} for name, value in states.items()}
    encode = Encode(lambda view, averaged: SimpleNamespace(last_hidden_state=view["of"]), views)
    with torch.no_grad():
        made.projections.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]))
        found = made.vectors(LOSS, encode, {}, torch.Generator())
    # The mean of the context is (2, 4): kept by the first projection, turned by the second.
    assert found.tolist() == [[[2, 4], [4, 2], [0.5, 0], [0, 2]]]
