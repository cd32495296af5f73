"""Causal language modelling."""

from tests.networks import batch, make


def test_a_decoder_does_not_see_what_follows() -> None:
    model, inputs = make("clm"), batch("clm")
    embedded = model.body.get_input_embeddings()(inputs["views"]["main"]["input_ids"]).detach().requires_grad_()
    hidden = model.body(inputs_embeds=embedded).last_hidden_state
    hidden[0, 6, 0].backward()
    assert embedded.grad[0, :7].abs().sum(-1).min() > 0
    assert embedded.grad[0, 7:].abs().max() == 0
