"""What the heads that compare views have in common."""

import math

import pytest
import torch

from nlp_ssl.heads._views import BatchNorm, Projection, collapse_report
from tests.heads.views import VECTORS, WIDTH, head_of, loss_of, targets
from tests.training.runs import LOSSES


def report(vectors: list, group: list[int], valid: list[bool] | None = None) -> dict[str, float]:
    found = collapse_report(torch.tensor(vectors), targets(group, valid))
    return {name: (total / count).item() for name, (total, count) in found.items()}


def test_vectors_at_right_angles() -> None:
    """Four documents with equal views in four directions of the plane: any two have a cosine of 0 or -1."""
    found = report([[[x, y], [x, y]] for x, y in ((2.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0))], [0, 1, 2, 3])
    assert found["accuracy"] == 1 and found["accuracy_by_chance"] == 1 / 4
    assert found["spread"] == pytest.approx(1)  # the standard deviation in each of two dimensions is 1 / sqrt(2)
    assert found["effective_rank"] == pytest.approx(2)
    assert found["alignment"] == pytest.approx(0, abs=1e-6)
    assert found["mean_cosine"] == pytest.approx(-1 / 3)
    # Squared distances of unit vectors: 4 to the opposite one, 2 to both others.
    assert found["uniformity"] == pytest.approx(math.log((math.exp(-8) + 2 * math.exp(-4)) / 3), rel=1e-5)


def test_collapsed_vectors() -> None:
    found = report([[[3.0, 4.0], [3.0, 4.0]]] * 3, [0, 1, 2])
    assert found["spread"] == pytest.approx(0, abs=1e-6) and found["uniformity"] == pytest.approx(0, abs=1e-5)
    assert found["effective_rank"] == pytest.approx(1, rel=1e-4) and found["mean_cosine"] == pytest.approx(1)


def test_documents_and_padding_in_the_report() -> None:
    """The second row is padding. The two rows of document 5 are not choices for each other."""
    vectors = [[[1.0, 0.0], [0.0, 1.0]], [[9.0, 9.0], [9.0, 9.0]], [[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]]
    found = report(vectors, [5, 6, 5, 7], [True, False, True, True])
    # Views of document 5 may choose their counterpart or the other view of 7; those of 7 also the other views of 5.
    assert found["accuracy_by_chance"] == pytest.approx((4 / 2 + 2 / 3) / 6)
    assert found["alignment"] == pytest.approx((2 + 2 + 0 + 0 + 0 + 0) / 6)
    assert found["mean_cosine"] == pytest.approx(1 / 4)  # of the views of 5, only one is like those of 7


def test_without_examples_the_report_is_zero() -> None:
    found = collapse_report(torch.ones(2, 2, 3), targets([0, 1], [False, False]))
    assert {name: total.item() for name, (total, _) in found.items()} == dict.fromkeys(found, 0)


def test_batch_normalisation_is_that_of_torch_over_valid_rows() -> None:
    torch.manual_seed(0)
    rows, valid = torch.randn(6, 5), torch.tensor([True, True, False, True, False, True])
    ours, theirs = BatchNorm(5), torch.nn.BatchNorm1d(5)
    torch.testing.assert_close(ours(rows, valid)[valid], theirs(rows[valid]))


def test_a_projection_of_one_row_is_finite() -> None:
    found = Projection(4, 4, 2)(torch.ones(1, 4), torch.tensor([True]))
    assert found.isfinite().all()


@pytest.mark.parametrize("name", LOSSES)
def test_padding_changes_neither_loss_nor_gradients(name) -> None:
    loss = loss_of(name, projection=4, queue=8)
    views = VECTORS.get(name, 2)
    torch.manual_seed(1)
    real, padding = torch.randn(5, views, WIDTH), torch.full((2, views, WIDTH), 100.0)
    some, padded = [], []
    for found, vectors, group, valid in (
        (some, real, [0, 1, 2, 3, 3], [True] * 5),
        (padded, torch.cat([real, padding]), [0, 1, 2, 3, 3, 0, 0], [True] * 5 + [False] * 2),
    ):
        head = head_of(loss)
        if name in ("nt_xent", "queue"):  # projected before
            vectors = torch.nn.functional.normalize(vectors[..., :4], dim=-1)
        vectors = vectors.clone().requires_grad_()
        total = head.batch_loss(loss, vectors, targets(group, valid)).sum
        total.backward()
        found += [total.detach(), *(p.grad for p in head.parameters() if p.grad is not None), vectors.grad[:5]]
    assert len(some) == len(padded)
    for one, other in zip(some, padded, strict=True):
        torch.testing.assert_close(other, one, rtol=1e-5, atol=1e-6)
    assert not vectors.grad[5:].any()


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_without_examples_has_no_loss_and_finite_gradients(name) -> None:
    """As alternating objectives have them."""
    loss = loss_of(name, projection=WIDTH)
    vectors = torch.randn(2, VECTORS.get(name, 2), WIDTH, requires_grad=True)
    total = head_of(loss).batch_loss(loss, vectors, targets([0, 0], [False] * 2))
    total.sum.backward()
    assert total.sum.item() == 0 and vectors.grad.isfinite().all()
