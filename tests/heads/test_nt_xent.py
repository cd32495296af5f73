import math

import pytest
import torch
from pytorch_metric_learning.losses import NTXentLoss

from tests.heads.views import head_of, loss_of, targets

LOSS = loss_of("nt_xent", temperature=0.5)


def vectors(*angles: tuple[float, float]) -> torch.Tensor:
    """Unit vectors in the plane [N, 2, 2] at these angles, in degrees."""
    turns = torch.tensor(angles) * math.pi / 180
    return torch.stack([turns.cos(), turns.sin()], dim=-1)


def test_nt_xent_by_hand() -> None:
    """Two rows whose views are equal, at a right angle to each other: cosine 1 to the other view, 0 to the rest."""
    found = head_of(LOSS).batch_loss(LOSS, vectors((0, 0), (90, 90)), targets([0, 1]))
    each = -math.log(math.exp(1 / 0.5) / (math.exp(1 / 0.5) + 2 * math.exp(0)))
    assert found.sum.item() == pytest.approx(2 * each, rel=1e-6)


def test_the_loss_is_that_of_pytorch_metric_learning() -> None:
    torch.manual_seed(0)
    views = torch.nn.functional.normalize(torch.randn(6, 2, 16), dim=-1)
    theirs = NTXentLoss(temperature=0.5)(views.transpose(0, 1).flatten(0, 1), torch.arange(6).repeat(2))
    found = head_of(LOSS).batch_loss(LOSS, views, targets(list(range(6))))
    assert found.sum.item() / 6 == pytest.approx(theirs.item(), rel=1e-5)


def test_rows_of_one_document_are_no_negatives() -> None:
    found = head_of(LOSS).batch_loss(LOSS, vectors((0, 0), (90, 90)), targets([7, 7]))
    assert found.sum.item() == pytest.approx(0, abs=1e-6)


def test_padding_rows_do_not_matter() -> None:
    head = head_of(LOSS)
    some = head.batch_loss(LOSS, vectors((0, 10), (90, 70)), targets([0, 1]))
    padded = head.batch_loss(LOSS, vectors((0, 10), (5, 5), (90, 70)), targets([0, 3, 1], [True, False, True]))
    assert padded.sum.item() == pytest.approx(some.sum.item(), rel=1e-6)
