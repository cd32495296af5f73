"""A saved model's folder."""

from nlp_ssl.training.saving import sizes
from tests.networks import make


def test_shared_embeddings_are_counted_once() -> None:
    """GPT-2 of 2 layers of 128: 50 tokens and 32 positions of 128 numbers, the table shared with the head."""
    found = sizes(make("clm", "gpt2"))
    layer = 12 * 128 * 128 + 13 * 128  # four projections and a feed-forward layer of 4 x 128, biases and norms
    layers = make("clm", "gpt2").body.config.num_hidden_layers
    assert found == {"embedding_parameters": 82 * 128, "parameters": 82 * 128 + layers * layer + 2 * 128}


def test_frozen_weights_are_no_parameters() -> None:
    model = make("clm", "gpt2")
    before = sizes(model)["parameters"]
    model.body.ln_f.requires_grad_(False)
    assert sizes(model)["parameters"] == before - 2 * 128
