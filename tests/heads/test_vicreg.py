import pytest
import torch
from pytorch_metric_learning.losses import VICRegLoss

from nlp_ssl.heads.vicreg import covariance, distance, missing_variance
from tests.heads.views import WIDTH, head_of, loss_of, targets

ALL = torch.ones(3, dtype=torch.bool)
ROWS = torch.tensor([[0.0, 1.0], [1.0, 3.0], [2.0, 5.0]])  # variances 1 and 4, covariance 2


def test_the_terms_by_hand() -> None:
    assert distance(ROWS, ROWS + torch.tensor([1.0, 3.0]), ALL).item() == 5  # (1 + 9) / 2
    assert missing_variance(ROWS / 4, ALL).item() == pytest.approx((0.75 + 0.5) / 2, abs=1e-3)
    assert missing_variance(ROWS, ALL).item() == pytest.approx(0, abs=1e-4)
    assert covariance(ROWS, ALL).item() == pytest.approx(2 * 2**2 / 2)


def test_the_loss_is_that_of_pytorch_metric_learning() -> None:
    loss = loss_of("vicreg", projection=4, invariance=10, variance=20, covariance=3)
    head, valid = head_of(loss), torch.ones(6, dtype=torch.bool)
    torch.manual_seed(1)
    vectors = torch.randn(6, 2, WIDTH)
    first, second = (head.projection(vectors[:, view], valid) for view in (0, 1))
    theirs = VICRegLoss(invariance_lambda=10, variance_mu=20, covariance_v=3)(first, ref_emb=second)
    found = head.batch_loss(loss, vectors, targets(list(range(6))))
    assert found.sum.item() / 6 == pytest.approx(theirs.item(), rel=1e-5)
