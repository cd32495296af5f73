"""Bodies and heads taken apart and put together."""

import pytest
import torch

from nlp_ssl.models import vocabulary_loss
from nlp_ssl.models.parts import TokenScorer, logits_of
from tests.networks import batch, make


@pytest.mark.parametrize("architecture", ["bert", "modernbert"])
def test_log_probabilities_are_those_of_the_whole_model(architecture, monkeypatch) -> None:
    monkeypatch.setattr(vocabulary_loss, "LOGITS_AT_ONCE", (3 * 50, 3 * 50))  # three targets, then one
    whole, inputs = make("mlm", architecture).eval().assemble(), batch("mlm")
    read = inputs["views"]["main"]
    positions, targets = torch.tensor([1, 5, 17, 40]), torch.tensor([7, 8, 9, 10])
    with torch.no_grad():
        logits = whole(**read).logits.flatten(0, 1)[positions]
    expected = logits.log_softmax(-1)[range(4), targets]
    torch.testing.assert_close(TokenScorer(whole)(**read, targets=targets, positions=positions), expected)


@pytest.mark.parametrize("architecture", ["t5", "umt5", "longt5", "mbart"])
def test_an_encoder_decoder_put_together_is_the_whole_model(architecture) -> None:
    """T5's encoder and decoder are taken out of the language model, and its logits are scaled outside of them."""
    model = make("span_corruption", architecture).eval()
    whole = model.assemble()
    ids, read = torch.randint(5, 50, (2, 12)), torch.randint(5, 50, (2, 7))
    with torch.no_grad():
        expected = whole(input_ids=ids, decoder_input_ids=read).logits
        hidden = model.body(input_ids=ids, decoder_input_ids=read).last_hidden_state
        torch.testing.assert_close(logits_of(model.carriers["seq2seq_lm"], hidden[0]), expected[0])
    again = type(whole)(whole.config).eval()
    again.load_state_dict(whole.state_dict())
    torch.testing.assert_close(again(input_ids=ids, decoder_input_ids=read).logits, expected)
    assert whole.get_output_embeddings().weight is model.body.get_input_embeddings().weight
