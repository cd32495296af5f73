"""Bodies and heads taken apart and put together."""

import pytest
import torch

from nlp_ssl.models import vocabulary_loss
from nlp_ssl.models.parts import TokenScorer
from tests.networks import batch, make


@pytest.mark.parametrize("architecture", ["bert", "modernbert"])
def test_log_probabilities_are_those_of_the_whole_model(architecture, monkeypatch) -> None:
    monkeypatch.setattr(vocabulary_loss, "LOGITS_AT_ONCE", (3 * 50, 3 * 50))  # three targets, then one
    whole, inputs = make("mlm", architecture).eval().assemble(), batch("mlm")
    read = inputs["views"]["main"]
    positions, targets = torch.tensor([1, 5, 17, 40]), torch.tensor([7, 8, 9, 10])
    with torch.no_grad():
        logits = whole(**read).logits.flatten(0, 1)[positions]
    expected = logits.log_softmax(-1)[range(4), targets]
    torch.testing.assert_close(TokenScorer(whole)(**read, targets=targets, positions=positions), expected)
