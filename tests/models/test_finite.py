"""Weights that are not finite."""

import pytest
import torch

from nlp_ssl.errors import InputError
from nlp_ssl.models.finite import require_finite


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_one_entry_that_is_not_finite_is_refused_by_name(value) -> None:
    model = torch.nn.Linear(3, 2)
    require_finite(model, "run", "again")
    with torch.no_grad():
        model.weight[1, 2] = value
    with pytest.raises(InputError, match="run: the weights weight are not finite: again"):
        require_finite(model, "run", "again")
