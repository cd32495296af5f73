import numpy as np
import pytest
import torch

from nlp_ssl.heads.barlow_twins import correlation_loss
from tests.heads.views import WIDTH, head_of, loss_of, targets


def test_the_loss_by_hand() -> None:
    """Dimension 0 is the same in both views, dimension 1 the opposite. Dimensions are uncorrelated."""
    first = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    second = first * torch.tensor([5.0, -3.0])
    found = correlation_loss(first, second, torch.ones(4, dtype=torch.bool), 0.005)
    assert found.item() == pytest.approx(4, rel=1e-4)  # (1 - 1)² + (1 + 1)²


def test_correlations_are_those_of_numpy() -> None:
    torch.manual_seed(0)
    first, second = torch.randn(12, 3), torch.randn(12, 3)
    matrix = np.corrcoef(first.T, second.T)[:3, 3:]
    own = np.diagonal(matrix)
    expected = ((1 - own) ** 2).sum() + 0.005 * ((matrix**2).sum() - (own**2).sum())
    found = correlation_loss(first, second, torch.ones(12, dtype=torch.bool), 0.005)
    assert found.item() == pytest.approx(expected, rel=1e-4)


def test_the_loss_counts_once_for_each_example() -> None:
    loss = loss_of("barlow_twins", projection=4, redundancy=0.5)
    head, vectors, valid = head_of(loss), torch.randn(5, 2, WIDTH), torch.tensor([True, True, True, False, True])
    found = head.batch_loss(loss, vectors, targets([0, 1, 2, 3, 4], valid.tolist()))
    views = [head.projection(vectors[:, view], valid) for view in (0, 1)]
    assert found.sum.item() == pytest.approx(4 * correlation_loss(*views, valid, 0.5).item(), rel=1e-5)
