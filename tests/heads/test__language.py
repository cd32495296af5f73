"""Properties of all language heads."""

import math

import pytest
import torch

from nlp_ssl.sampling.targets import NO_LABEL
from tests.networks import batch, loss_of, losses, make


def test_evaluation_counts_correct_predictions() -> None:
    model, inputs = make("mlm"), batch("mlm")
    with torch.no_grad():
        model.eval()
        loss = loss_of(model, inputs)
        hidden = model.body(**inputs["views"]["main"]).last_hidden_state
        hidden = hidden.flatten(0, 1)[inputs["targets"]["mlm"]["positions"]]
        best = model.head("mlm").logits(hidden).argmax(-1)
        inputs["targets"]["mlm"]["labels"] = torch.tensor([best[0], best[1], 0, best[3]])
        model.head("mlm").unknown = NO_LABEL
        found = losses(model, inputs)["mlm"]
        model.head("mlm").unknown = int(best[0])
        without_unknown = losses(model, inputs)["mlm"]
    assert [value.item() for value in found.metrics["accuracy"]] == [3, 4]
    known = 3 - int((best[[0, 1, 3]] == best[0]).sum())
    assert [value.item() for value in without_unknown.metrics["accuracy"]] == [known, 4]
    assert without_unknown.sum.item() == found.sum.item()
    assert loss.item() != found.sum.item()


def test_the_first_loss_is_that_of_guessing() -> None:
    for objective in ("mlm", "clm"):
        with torch.no_grad():
            loss = loss_of(make(objective), batch(objective))
        assert loss.item() / 4 == pytest.approx(math.log(50), rel=0.15)


def test_no_targets_is_no_loss_but_has_gradients() -> None:
    """A process whose part of a batch is empty takes part in the sum over processes all the same."""
    model, inputs = make("mlm"), batch("mlm")
    none = torch.zeros(0, dtype=torch.long)
    inputs["targets"]["mlm"] = {"labels": none, "positions": none}
    loss = loss_of(model, inputs)
    loss.backward()
    assert loss.item() == 0
    assert all(p.grad is not None and p.grad.abs().max() == 0 for p in model.parameters())
