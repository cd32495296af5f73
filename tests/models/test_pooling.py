"""Mean pooling."""

import torch

from nlp_ssl.models.pooling import mean_pooled

STATES = torch.tensor([[[1.0, 10.0], [3.0, 20.0], [100.0, 100.0]]])


def test_padding_does_not_count() -> None:
    assert mean_pooled(STATES, torch.tensor([[1, 1, 0]])).tolist() == [[2.0, 15.0]]
    assert mean_pooled(STATES[:, :2], None).tolist() == [[2.0, 15.0]]
