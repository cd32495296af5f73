"""Models with new weights."""

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM

from tests.networks import make


@pytest.mark.parametrize("architecture", ["t5", "longt5"])
def test_an_output_layer_of_its_own_is_trained_saved_and_loaded(architecture, tmp_path) -> None:
    """As in T5 1.1: logits are not scaled, and both tables get gradients of their own."""
    model = make("span_corruption", architecture, config={"tie_word_embeddings": False}, dropout=0.0)
    whole, read = model.assemble(), {"input_ids": torch.randint(5, 50, (2, 12))}
    read["decoder_input_ids"] = torch.randint(5, 50, (2, 7))
    own, embeddings = whole.get_output_embeddings().weight, model.body.get_input_embeddings().weight
    assert own.std().item() == pytest.approx(128**-0.5, rel=0.05)
    assert embeddings.std().item() == pytest.approx(1, rel=0.05)
    body = model.body(**read).last_hidden_state
    torch.testing.assert_close(whole(**read).logits, body @ own.T)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    before = own.clone(), embeddings.clone()
    whole(**read, labels=read["decoder_input_ids"]).loss.backward()
    optimizer.step()
    assert not torch.equal(own, before[0]) and not torch.equal(embeddings, before[1])
    whole.save_pretrained(tmp_path)
    loaded, report = AutoModelForSeq2SeqLM.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(report[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    torch.testing.assert_close(loaded(**read).logits, whole.eval()(**read).logits)
    again = make("span_corruption", architecture, config={"tie_word_embeddings": False})
    again.load(tmp_path)
    torch.testing.assert_close(again.eval().assemble()(**read).logits, whole(**read).logits)


def test_an_output_layer_is_tied_by_default() -> None:
    whole = make("span_corruption", "t5").assemble()
    assert whole.get_output_embeddings().weight is whole.get_input_embeddings().weight
    assert whole.config.scale_decoder_outputs
