"""The decoder that writes a sentence from the vector of another."""

import pytest
import torch

from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.objectives.tsdae import TSDAE
from nlp_ssl.training.model import PretrainingModel
from tests.networks import config_of, losses, make
from tests.worlds import vocabulary

VIEW = {
    "input_ids": torch.tensor([[2, 10, 11, 3], [2, 12, 3, 0]]),
    "attention_mask": torch.tensor([[1] * 4, [1, 1, 1, 0]]),
}
TARGETS = {
    "decoder_input_ids": torch.tensor([[2, 20, 21], [2, 22, 0]]),
    "labels": torch.tensor([20, 21, 3, 22, 3]),
    "positions": torch.tensor([0, 1, 2, 3, 4]),
}
INPUTS = {"views": {"main": VIEW}, "targets": {"previous": TARGETS, "next": TARGETS}}


def test_the_decoder_reads_the_mean_vector_and_then_the_sentence() -> None:
    model = make("skip_thought").eval()
    head = model.head("previous")
    with torch.no_grad():
        states = model.body(**VIEW).last_hidden_state
        mean = torch.stack([states[0].mean(0), states[1, :3].mean(0)])  # without padding
        words = model.body.get_input_embeddings()(TARGETS["decoder_input_ids"][:, 1:])
        hidden = head.decoder(inputs_embeds=torch.cat([mean[:, None], words], 1)).last_hidden_state
        logits = head.language_head(inputs_embeds=hidden).logits.flatten(0, 1)[TARGETS["positions"]]
        expected = torch.nn.functional.cross_entropy(logits, TARGETS["labels"], reduction="sum")
        found = losses(model, INPUTS)["previous"]
    assert found.sum.item() == pytest.approx(expected.item(), rel=1e-5)
    assert found.metrics["accuracy"][1].item() == 5


def test_two_decoders_share_the_encoders_embeddings_and_nothing_else() -> None:
    model = make("skip_thought")
    one, two = model.head("previous"), model.head("next")
    table = model.body.get_input_embeddings().weight
    for head in (one, two):
        assert head.decoder.get_input_embeddings().weight is table
        assert head.language_head.get_output_embeddings().weight is table
        assert head.body_modules() == [head.decoder]
    shared = {id(p) for p in one.parameters()} & {id(p) for p in two.parameters()}
    assert shared == {id(table)}


def test_later_tokens_of_a_sentence_have_no_influence() -> None:
    """The loss of the first word does not depend on the later ones."""
    model = make("skip_thought").eval()
    first = {**TARGETS, "labels": torch.tensor([20]), "positions": torch.tensor([0])}
    changed = {**first, "decoder_input_ids": torch.tensor([[2, 30, 31], [2, 32, 0]])}
    with torch.no_grad():
        sums = [
            losses(model, {**INPUTS, "targets": {"previous": t, "next": TARGETS}})["previous"].sum.item()
            for t in (first, changed)
        ]
    assert sums[0] == pytest.approx(sums[1], rel=1e-6)


@pytest.mark.parametrize("vector", ["mean", "cls"])
def test_tsdae_reads_the_vector_that_it_names(vector: str) -> None:
    torch.manual_seed(0)
    trained = Mixture(objectives={"tsdae": TSDAE(vector=vector)})
    model = PretrainingModel(config_of(trained, size="tiny"), trained, vocabulary()).eval()
    head = model.head("tsdae")
    with torch.no_grad():
        states = model.body(**VIEW).last_hidden_state
        mean = torch.stack([states[0].mean(0), states[1, :3].mean(0)])
        first = {"mean": mean, "cls": states[:, 0]}[vector]
        words = model.body.get_input_embeddings()(TARGETS["decoder_input_ids"][:, 1:])
        hidden = head.decoder(inputs_embeds=torch.cat([first[:, None], words], 1)).last_hidden_state
        logits = head.language_head(inputs_embeds=hidden).logits.flatten(0, 1)[TARGETS["positions"]]
        expected = torch.nn.functional.cross_entropy(logits, TARGETS["labels"], reduction="sum")
        found = losses(model, {"views": {"main": VIEW}, "targets": {"tsdae": TARGETS}})["tsdae"]
    assert found.sum.item() == pytest.approx(expected.item(), rel=1e-5)
