"""The small decoder of masked autoencoders."""

import pytest
import torch

from nlp_ssl.errors import InputError
from tests.networks import make


@pytest.mark.parametrize(("objective", "loss"), [("mae", "mae"), ("retromae", "decoder")])
@pytest.mark.parametrize("architecture", ["auto", "bert"])
def test_the_decoder_has_one_layer_and_the_bodys_embeddings(objective, loss, architecture) -> None:
    model = make(objective, architecture)
    head, table = model.head(loss), model.body.get_input_embeddings().weight
    assert head.decoder.config.num_hidden_layers == 1
    assert head.language_head.get_output_embeddings().weight is table
    assert head.body_modules() == [head.decoder]
    trained = {id(p) for p in model.parameters() if p.requires_grad}
    shared = {id(p) for p in head.parameters()} & {id(p) for p in model.body.parameters()} & trained
    assert shared == {id(table)}


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        ("rembert", r"retromae needs token embeddings as wide as the hidden states; use 'auto'"),
        ("esmc", r"retromae cannot make a decoder of its layers: .*; use 'auto'"),
    ],
)
def test_architectures_that_cannot_be_a_decoder_are_refused(architecture, message) -> None:
    with pytest.raises(InputError, match=rf"model.architecture is '{architecture}': {message}"):
        make("retromae", architecture)


@pytest.mark.parametrize(("objective", "loss"), [("mae", "mae"), ("retromae", "decoder")])
def test_padding_does_not_matter(objective, loss) -> None:
    head = make(objective).eval().head(loss)
    targets = {"labels": torch.tensor([7, 8]), "positions": torch.tensor([1, 2])}
    read = torch.randn(1, 5, 128)
    longer = torch.cat([read, torch.randn(1, 2, 128)], 1)
    with torch.no_grad():
        alone = head.filled(read, None, targets).sum
        padded = head.filled(longer, torch.tensor([[1, 1, 1, 1, 1, 0, 0]]), targets).sum
    assert padded.item() == pytest.approx(alone.item(), rel=1e-5)
