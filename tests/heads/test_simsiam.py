import pytest
import torch

from tests.heads.views import WIDTH, Function, head_of, loss_of, targets

LOSS = loss_of("simsiam", projection=8)


def test_the_loss_by_hand() -> None:
    """The predictor turns by a right angle: right to up, and (0.6, 0.8) to (-0.8, 0.6). Cosines 0.8 and -0.8."""
    head = head_of(LOSS)
    head.projection = Function()
    head.predictor = Function(lambda rows: rows @ torch.tensor([[0.0, 1.0], [-1.0, 0.0]]))
    found = head.batch_loss(LOSS, torch.tensor([[[1.0, 0.0], [0.6, 0.8]]]), targets([0]))
    assert found.sum.item() == pytest.approx(0, abs=1e-6)
    head.predictor = Function()
    found = head.batch_loss(LOSS, torch.tensor([[[1.0, 0.0], [0.6, 0.8]]] * 2), targets([0, 1]))
    assert found.sum.item() == pytest.approx(2 * -0.6)


def test_the_gradient_stops_at_the_projection_of_the_other_view() -> None:
    """With a predictor whose output is constant, nothing but the stopped side depends on the vectors."""
    head = head_of(LOSS)
    head.predictor = Function(lambda rows: torch.ones_like(rows, requires_grad=True))
    vectors = torch.randn(3, 2, WIDTH, requires_grad=True)
    head.batch_loss(LOSS, vectors, targets([0, 1, 2])).sum.backward()
    assert vectors.grad is None
