"""Next tokens from an encoder."""

import torch

from nlp_ssl.heads.next_token_lm import NextTokenLM
from tests.networks import losses, make


def inputs(causal: list[bool]) -> dict:
    torch.manual_seed(1)
    ids = torch.randint(5, 50, (2, 16))
    ids[:, 0] = 2
    target = {"labels": torch.tensor([7, 8]), "positions": torch.tensor([1, 5])}
    views = {"main": {"input_ids": ids, "causal": torch.tensor(causal)}}
    return {"views": views, "targets": {"mntp": target, "clm": target}}


def test_both_losses_share_the_head_of_an_encoder() -> None:
    model = make("hybrid")
    assert model.head("mntp") is model.head("clm") and isinstance(model.head("clm"), NextTokenLM)
    assert list(model.carriers) == ["next_token_lm"] and type(model.assemble()).__name__ == "ModernBertForMaskedLM"
    found = losses(model, inputs([False, False]))
    assert torch.equal(found["mntp"].sum, found["clm"].sum)


def test_the_loss_of_a_causal_row_does_not_change_with_later_tokens() -> None:
    """Targets are at positions 1 and 5 of the first row; its token at 6 is replaced."""
    model = make("hybrid")
    for causal in (True, False):
        before = inputs([causal, False])
        after = inputs([causal, False])
        after["views"]["main"]["input_ids"][0, 6] = 49
        first, second = (losses(model, these)["clm"].sum for these in (before, after))
        assert torch.equal(first, second) is causal
