"""The decoder that fills the gaps between encoded tokens."""

import pytest
import torch

from nlp_ssl.errors import InputError
from tests.networks import losses, make

MAIN = {
    "input_ids": torch.tensor([[2, 10, 4, 4, 11, 3], [2, 4, 12, 3, 0, 0]]),
    "attention_mask": torch.tensor([[1] * 6, [1, 1, 1, 1, 0, 0]]),
}
VISIBLE = {
    "input_ids": torch.tensor([[2, 10, 11, 3], [2, 12, 3, 0]]),
    "attention_mask": torch.tensor([[1] * 4, [1, 1, 1, 0]]),
    "position_ids": torch.tensor([[0, 1, 4, 5], [0, 2, 3, 0]]),
}
TARGETS = {"labels": torch.tensor([20, 21, 22, -100]), "positions": torch.tensor([2, 3, 7, 0])}
INPUTS = {"views": {"main": MAIN, "visible": VISIBLE}, "targets": {"mae": TARGETS}}


@pytest.mark.parametrize("architecture", ["auto", "bert"])
def test_by_hand(architecture) -> None:
    """The decoder reads hidden states at the tokens' places, and one vector at each gap."""
    model = make("mae", architecture).eval()
    head = model.head("mae")
    with torch.no_grad():
        states, gap = model.body(**VISIBLE).last_hidden_state, head.gap
        first = torch.stack([states[0, 0], states[0, 1], gap, gap, states[0, 2], states[0, 3]])
        second = torch.stack([states[1, 0], gap, states[1, 1], states[1, 2]])
        expected = 0.0
        for read, places, labels in ((first, [2, 3], [20, 21]), (second, [1], [22])):
            hidden = head.decoder(inputs_embeds=read[None]).last_hidden_state[0, places]
            logits = head.language_head(inputs_embeds=hidden[None]).logits[0]
            expected += torch.nn.functional.cross_entropy(logits, torch.tensor(labels), reduction="sum").item()
        found = losses(model, INPUTS)["mae"]
    assert found.sum.item() == pytest.approx(expected, rel=1e-5)
    assert found.metrics["accuracy"][1].item() == 3


def test_positions_matter_to_the_body() -> None:
    model = make("mae", "bert").eval()
    moved = {**VISIBLE, "position_ids": torch.tensor([[0, 1, 2, 3], [0, 1, 2, 0]])}
    with torch.no_grad():
        one = losses(model, INPUTS)["mae"].sum
        other = losses(model, {**INPUTS, "views": {"main": MAIN, "visible": moved}})["mae"].sum
    assert one.item() != pytest.approx(other.item(), rel=1e-5)


def test_the_body_never_reads_the_masked_text(monkeypatch) -> None:
    model = make("mae")
    read = []
    run = model._run_body
    monkeypatch.setattr(
        model, "_run_body", lambda view, averaged: read.append(view["input_ids"]) or run(view, averaged)
    )
    losses(model, INPUTS)["mae"].sum.backward()
    assert len(read) == 1 and read[0] is VISIBLE["input_ids"]
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)


def test_a_body_without_position_ids_is_refused() -> None:
    with pytest.raises(InputError, match=r"'roformer': it does not accept position ids, which mae needs"):
        make("mae", "roformer")
