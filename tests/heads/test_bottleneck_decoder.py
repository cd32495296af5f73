"""The decoder that reads a masked text and its vector."""

import pytest
import torch

from tests.networks import losses, make

MAIN = {"input_ids": torch.tensor([[2, 10, 4, 11, 3]])}
DECODER = {"input_ids": torch.tensor([[2, 4, 12, 4, 3]])}
TARGETS = {
    "masked_lm": {"labels": torch.tensor([12]), "positions": torch.tensor([2])},
    "decoder": {"labels": torch.tensor([10, 11]), "positions": torch.tensor([1, 3])},
}
INPUTS = {"views": {"main": MAIN, "decoder": DECODER}, "targets": TARGETS}


def test_by_hand() -> None:
    model = make("retromae").eval()
    head = model.head("decoder")
    with torch.no_grad():
        vector = model.body(**MAIN).last_hidden_state[:, :1]
        words = model.body.get_input_embeddings()(DECODER["input_ids"])
        hidden = head.decoder(inputs_embeds=torch.cat([vector, words[:, 1:]], 1)).last_hidden_state[0, [1, 3]]
        logits = head.language_head(inputs_embeds=hidden[None]).logits[0]
        expected = torch.nn.functional.cross_entropy(logits, torch.tensor([10, 11]), reduction="sum")
        found = losses(model, INPUTS)
    assert found["decoder"].sum.item() == pytest.approx(expected.item(), rel=1e-5)
    assert found["decoder"].metrics["accuracy"][1].item() == 2
    assert found["masked_lm"].metrics["accuracy"][1].item() == 1


def test_the_decoders_loss_trains_the_encoder_through_the_vector_alone() -> None:
    model = make("retromae")
    losses(model, INPUTS)["decoder"].sum.backward()
    assert all(p.grad is not None and p.grad.any() for p in model.body.layers[-1].parameters())


def test_the_saved_model_is_the_encoder_with_its_language_model_head() -> None:
    model = make("retromae")
    assert type(model.assemble()).__name__ == "ModernBertForMaskedLM" and model.extra_heads() == []
