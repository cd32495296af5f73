"""FLOPs of a step."""

import pytest
import torch

from nlp_ssl.models.flops import FlopCounter
from nlp_ssl.recipe import SIZES
from tests.networks import batch, make


@pytest.mark.parametrize("objective", ["mlm", "clm"])
def test_flops_by_hand(objective) -> None:
    layers, width = SIZES["tiny"]
    rows, length, targets, V = 8, 32, 40, 50
    body = 12 * width * width * layers * 2 * rows * length  # weights of attention (4) and feed-forward (8)
    attention = 2 * 2 * length * width * layers * rows * length  # scores and their use
    head = 2 * targets * (V * width + (width * width if objective == "mlm" else 0))
    model = make(objective, {"mlm": "bert", "clm": "gpt2"}[objective])
    inputs = batch(objective)
    inputs["views"]["main"]["input_ids"] = torch.zeros((3, length), dtype=torch.long)
    assert FlopCounter(model).training(inputs, rows, {objective: targets}) == 3 * (body + attention + head)
