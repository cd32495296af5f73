"""The loss over the vocabulary, some targets at a time."""

import pytest
import torch

from nlp_ssl.models import vocabulary_loss
from nlp_ssl.models.vocabulary_loss import vocabulary_metrics
from nlp_ssl.sampling.targets import NO_LABEL
from tests.networks import batch, loss_of, make


@pytest.mark.parametrize("objective", ["mlm", "clm"])
def test_the_loss_in_chunks_is_the_loss(objective, monkeypatch) -> None:
    model, inputs = make(objective), batch(objective)
    found, gradients = [], []
    for at_once in (2**23, 100):  # all four targets together, or two at a time
        monkeypatch.setattr(vocabulary_loss, "LOGITS_AT_ONCE", (at_once, at_once))
        model.zero_grad()
        loss = loss_of(model, inputs)
        (loss / 4).backward()
        found.append(loss.item())
        gradients.append([p.grad.clone() for p in model.parameters()])
    assert found[0] == pytest.approx(found[1], rel=1e-6)
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(*gradients, strict=True))


def test_the_loss_over_the_vocabulary_is_differentiated_once() -> None:
    loss = loss_of(make("mlm"), batch("mlm"))
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="cannot be differentiated twice"):
        loss.backward()


def test_unknown_targets_are_wrong_but_cost_their_loss() -> None:
    hidden = torch.eye(3)[[0, 1, 2, 1]] * 100  # predicts 0, 1, 2 and 1
    labels = torch.tensor([0, 1, 1, NO_LABEL])
    loss, correct = vocabulary_metrics(lambda logits: logits, hidden, labels, 3, unknown=1)
    assert (loss.item(), correct.item()) == (100.0, 1.0)
