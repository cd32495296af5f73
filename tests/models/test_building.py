"""Models with new weights."""

from functools import partial

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM

from nlp_ssl.errors import InputError
from nlp_ssl.models.architectures import TESTED
from nlp_ssl.models.building import checkpoint_activations
from tests.networks import batch, loss_of, make


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


OBJECTIVE = {"encoder": "mlm", "decoder": "clm", "seq2seq": "text_infilling"}
WITHOUT_CHECKPOINTS = {"albert", "flaubert", "ibert", "mpnet", "xlm", "ctrl", "gpt_neox_japanese", "openai-gpt"}
"""Types whose activations transformers does not checkpoint."""
WITHOUT_DROPOUT = {"diffllama"}
COMMON = {"bert", "modernbert", "modernbert-decoder", "mbart", "t5", "ctrl"}
EACH = [
    pytest.param(OBJECTIVE[body], name, id=f"{body}-{name}", marks=() if name in COMMON else pytest.mark.slow)
    for body in OBJECTIVE
    for name in TESTED[body]
]


def inputs_of(objective: str) -> dict:
    inputs = batch("clm" if objective == "clm" else "mlm")
    if objective == "text_infilling":
        inputs["views"]["main"]["decoder_input_ids"] = inputs["views"]["main"]["input_ids"].roll(1, 1)
        inputs["targets"] = {objective: inputs["targets"]["mlm"]}
    return inputs


@pytest.mark.parametrize(("objective", "architecture"), EACH)
def test_checkpoints_change_neither_loss_nor_gradients_and_keep_less(objective, architecture) -> None:
    dropout = 0.0 if architecture in WITHOUT_DROPOUT else 0.1
    found, kept = [], []
    for on in (False, True):
        model = make(objective, architecture, dropout=dropout)
        if on and architecture in WITHOUT_CHECKPOINTS:
            with pytest.raises(InputError, match=f"activation_checkpointing: '{architecture}' does not support it"):
                checkpoint_activations(model.body)
            return
        if on:
            checkpoint_activations(model.body)
        torch.manual_seed(3)
        sizes: dict[int, int] = {}
        keep = partial(remember, sizes)
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            loss = loss_of(model, inputs_of(objective))
        loss.backward()
        kept.append(sum(sizes.values()))
        found.append([loss, *(p.grad for p in model.parameters())])
    torch.testing.assert_close(found[1], found[0], rtol=0, atol=0)
    assert kept[1] < kept[0]


def remember(sizes: dict[int, int], tensor: torch.Tensor) -> torch.Tensor:
    """Note the size of a tensor that is kept for the backward pass."""
    sizes[tensor.data_ptr()] = tensor.nbytes
    return tensor


@pytest.mark.slow
def test_checkpoints_change_nothing_in_a_compiled_body() -> None:
    found = []
    for on in (False, True):
        torch.compiler.reset()
        model = make("mlm", dropout=0.1)
        if on:
            checkpoint_activations(model.body)
        model.body.compile(backend="aot_eager")
        torch.manual_seed(3)
        loss = loss_of(model, batch("mlm"))
        loss.backward()
        found.append([loss, *(p.grad for p in model.parameters())])
    torch.compiler.reset()
    torch.testing.assert_close(found[1], found[0], rtol=0, atol=0)
