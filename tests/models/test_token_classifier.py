"""Token classifiers of encoder-decoders and of static vectors."""

import pytest
import torch
from transformers import AutoConfig, AutoModelForTokenClassification

import nlp_ssl.models.token_classifier  # noqa: F401  # makes transformers know them

SHAPE = {"vocab_size": 50, "d_model": 16, "num_labels": 3, "pad_token_id": 0}
SHAPE |= {f"{side}_{key}": n for side in ("encoder", "decoder") for key, n in (("layers", 1), ("attention_heads", 2))}
IDS = torch.tensor([[2, 10, 11, 3], [2, 12, 3, 0]])
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])


def model(architecture: str):
    torch.manual_seed(0)
    shape = SHAPE if "bart" in architecture else {"vocab_size": 50, "hidden_size": 16, "num_labels": 3}
    return AutoModelForTokenClassification.from_config(AutoConfig.for_model(architecture, **shape)).eval()


@pytest.mark.parametrize("architecture", ["bart", "mbart"])
def test_an_encoder_decoder_classifies_by_its_encoder(architecture: str) -> None:
    made = model(architecture)
    states = made.model.encoder(input_ids=IDS, attention_mask=MASK).last_hidden_state
    torch.testing.assert_close(made(IDS, MASK).logits, made.classifier(states))
    assert made(IDS, MASK).logits.shape == (2, 4, 3)
    changed = IDS.clone()
    changed[1, 3] = 30  # padding is not read
    torch.testing.assert_close(made(changed, MASK).logits[1, :3], made(IDS, MASK).logits[1, :3])


@pytest.mark.parametrize("architecture", ["bart", "mbart"])
def test_the_decoder_is_frozen_but_for_the_shared_embeddings(architecture: str) -> None:
    made = model(architecture)
    trained = {name for name, p in made.model.named_parameters() if p.requires_grad}
    assert "shared.weight" in trained and not any(name.startswith("decoder.") for name in trained)
    assert any(name.startswith("encoder.layers") for name in trained)


@pytest.mark.parametrize("architecture", ["bart", "mbart", "static_vectors"])
def test_a_saved_model_loads(architecture: str, tmp_path) -> None:
    made = model(architecture)
    made.save_pretrained(tmp_path)
    again, loading = AutoModelForTokenClassification.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(loading[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    torch.testing.assert_close(again.eval()(IDS, MASK).logits, made(IDS, MASK).logits)


def test_the_label_of_a_word_depends_on_its_vector_alone() -> None:
    made = model("static_vectors")
    logits = made(IDS).logits
    torch.testing.assert_close(logits[0, 1], made.classifier(made.body.vectors.weight[10]))
    torch.testing.assert_close(logits[0, 0], logits[1, 0])  # both [CLS]
