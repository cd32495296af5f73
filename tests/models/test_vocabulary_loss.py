"""The loss over the vocabulary, some targets at a time."""

import pytest
import torch

from nlp_ssl.models import vocabulary_loss
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
