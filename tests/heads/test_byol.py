import pytest
import torch

from nlp_ssl.heads.byol import cosine, predictor_width
from tests.heads.views import WIDTH, Function, head_of, loss_of, targets

LOSS = loss_of("byol", projection=8, momentum=0.5)


def with_identities():
    """A head without projections and predictor."""
    head = head_of(LOSS)
    head.projection = head.averaged = head.predictor = Function()
    return head


def test_the_loss_by_hand() -> None:
    """Body: right, up; averaged copy: up, (0.6, 0.8). Cosine of right to (0.6, 0.8): 0.6; of up to up: 1."""
    vectors = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [0.0, 2.0], [0.6, 0.8]]])
    head = with_identities()
    assert head.batch_loss(LOSS, vectors, targets([0])).sum.item() == pytest.approx((2 - 2 * 0.6) + (2 - 2 * 1))


def test_averaged_vectors_get_no_gradient() -> None:
    torch.manual_seed(0)
    vectors = torch.randn(4, 4, WIDTH, requires_grad=True)
    head = head_of(LOSS)
    head.batch_loss(LOSS, vectors, targets([0, 1, 2, 3])).sum.backward()
    assert vectors.grad[:, :2].any() and not vectors.grad[:, 2:].any()
    assert all(p.grad is None for p in head.averaged.parameters())


def test_the_projection_is_averaged() -> None:
    head = head_of(LOSS)
    before = head.averaged.out.bias.clone()
    with torch.no_grad():
        head.projection.out.bias += 1
        head.after_step()
    torch.testing.assert_close(head.averaged.out.bias, before + 0.5)
    assert head.momentum == 0.5


def test_the_predictor_has_a_bottleneck() -> None:
    assert (predictor_width(128), predictor_width(2)) == (32, 1)


def test_the_cosine_has_no_gradient_for_its_aim() -> None:
    one, aim = (torch.tensor([[3.0, 4.0]], requires_grad=True) for _ in range(2))
    cosine(one, aim + 1).sum().backward()
    assert one.grad.any() and aim.grad is None
