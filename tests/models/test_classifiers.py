"""Classifiers of architectures for which transformers has none."""

from types import SimpleNamespace

import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification

import nlp_ssl.models.static  # noqa: F401  # makes transformers know word vectors
from nlp_ssl.models.architectures import TESTED, configure
from nlp_ssl.models.auto import has_head, model_class
from nlp_ssl.models.classifiers import add_classifiers
from nlp_ssl.recipe import Model

IDS = torch.tensor([[2, 10, 11, 3], [2, 12, 3, 0]])
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
TEXTS, TOKENS = AutoModelForSequenceClassification, AutoModelForTokenClassification
SHAPES = {TEXTS: (2, 3), TOKENS: (2, 4, 3)}
OFTEN = ["modernbert-decoder", "mbart", "marian"]
BODY = {architecture: body for body, types in TESTED.items() for architecture in types}


def config_of(architecture: str):
    vocabulary = SimpleNamespace(size=50, pad=0, cls=2, sep=3)
    config = configure(Model(size="tiny", architecture=architecture), BODY[architecture], [], vocabulary, 64)
    add_classifiers(config)
    config.num_labels = 3
    return config


def model(architecture: str, auto_class=TOKENS):
    torch.manual_seed(0)
    return auto_class.from_config(config_of(architecture)).eval()


@pytest.mark.parametrize("auto", SHAPES)
@pytest.mark.parametrize(
    "architecture", [name if name in OFTEN else pytest.param(name, marks=pytest.mark.slow) for name in sorted(BODY)]
)
def test_every_architecture_has_classifiers(architecture: str, auto, tmp_path) -> None:
    config = config_of(architecture)
    if (architecture, auto) == ("recurrent_gemma", TEXTS):
        assert not has_head(auto, config)
        return
    if not model_class(auto, config).__module__.startswith("nlp_ssl."):
        return  # transformers' own, for its tests
    made = model(architecture, auto)
    logits = made(input_ids=IDS, attention_mask=MASK).logits
    assert logits.shape == SHAPES[auto]
    without_padding = made(input_ids=IDS[1:, :3], attention_mask=MASK[1:, :3]).logits[0]
    torch.testing.assert_close(without_padding, logits[1, :3] if auto is TOKENS else logits[1])
    made.save_pretrained(tmp_path)
    again, loading = auto.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(loading[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    torch.testing.assert_close(again.eval()(input_ids=IDS, attention_mask=MASK).logits, logits)


def test_a_decoder_is_read_at_the_token_and_an_encoder_decoder_from_its_encoder() -> None:
    decoder = model("modernbert-decoder")
    states = decoder.model(input_ids=IDS, attention_mask=MASK).last_hidden_state
    torch.testing.assert_close(decoder(input_ids=IDS, attention_mask=MASK).logits, decoder.score(states))
    tagger, reader = model("marian"), model("marian", TEXTS)
    states = tagger.model.encoder(input_ids=IDS, attention_mask=MASK).last_hidden_state
    torch.testing.assert_close(tagger(IDS, MASK).logits, tagger.classifier(states))
    states = reader.model.encoder(input_ids=IDS, attention_mask=MASK).last_hidden_state
    means = torch.stack([states[0].mean(0), states[1, :3].mean(0)])
    torch.testing.assert_close(reader(IDS, MASK).logits, reader.classifier(means))


@pytest.mark.parametrize("architecture", ["marian", "mbart"])
def test_the_decoder_is_frozen_but_for_the_shared_embeddings(architecture: str) -> None:
    made = model(architecture)
    trained = {name for name, p in made.model.named_parameters() if p.requires_grad}
    assert any("embed" in name or "shared" in name for name in trained)
    assert not any(name.startswith("decoder.layers") for name in trained)
    assert any(name.startswith("encoder.layers") for name in trained)


def test_the_label_of_a_word_depends_on_its_vector_alone() -> None:
    made = model("static_vectors")
    logits = made(IDS).logits
    torch.testing.assert_close(logits[0, 1], made.classifier(made.body.vectors.weight[10]))
    torch.testing.assert_close(logits[0, 0], logits[1, 0])  # both [CLS]
