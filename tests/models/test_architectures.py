"""The config of a recipe's model."""

import re
from pathlib import Path

import pytest

from nlp_ssl.errors import InputError
from nlp_ssl.models.architectures import TESTED
from nlp_ssl.recipe import SIZES
from tests.networks import config_of, make, mixture


@pytest.mark.parametrize("size", SIZES)
def test_encoder_and_decoder_of_a_size_share_its_shape(size) -> None:
    layers, width = SIZES[size]
    configs = [config_of(mixture(name), 64, size=size) for name in ("mlm", "clm", "sop")]
    for config in configs:
        assert (config.num_hidden_layers, config.hidden_size, config.vocab_size) == (layers, width, 50)
        assert config.num_attention_heads == width // 64 and config.max_position_embeddings == 64


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"architecture": "bret"}, "model.architecture is 'bret': .* did you mean 'bert'"),
        ({"architecture": "t5"}, "model.architecture is 't5': not one of the tested types of encoder"),
        ({"config": {"hiden_act": "gelu"}}, r"\[model.config\] hiden_act: did you mean 'hidden_activation'"),
    ],
)
def test_what_does_not_fit_is_refused(fields, message) -> None:
    with pytest.raises(InputError, match=message):
        make("mlm", **fields)


@pytest.mark.parametrize(
    ("objective", "architecture"), [("clm", "xlnet"), ("clm", "mixtral"), ("mlm", "mbart"), ("mlm", "t5")]
)
def test_types_that_were_not_tested_as_this_kind_of_body_are_refused(objective, architecture) -> None:
    with pytest.raises(InputError, match=f"model.architecture is '{architecture}': not one of the tested types"):
        make(objective, architecture)


def test_a_bert_decoder_is_a_decoder() -> None:
    assert make("clm", "bert").body.config.is_decoder and not make("mlm", "bert").body.config.is_decoder


def test_the_list_in_the_docs_is_the_list_in_the_code() -> None:
    text = (Path(__file__).parents[2] / "docs" / "architectures.md").read_text(encoding="utf-8")
    for body in ("encoder", "decoder", "seq2seq"):
        (row,) = re.findall(rf"^\| {body} \| (.*) \|$", text, flags=re.M)
        assert re.findall(r"`(.*?)`", row) == list(TESTED[body])


@pytest.mark.parametrize(
    ("architecture", "config"),
    [
        ("bert", {"num_attention_heads": 7}),
        ("bert", {"num_hidden_layers": "six"}),
        ("bert", {"hidden_act": "no such"}),
        ("auto", {"hidden_size": 7}),
        ("auto", {"pad_token_id": 99_999}),
        ("auto", {"hidden_size": 2**24, "intermediate_size": 2**26}),
    ],
)
def test_values_of_the_config_that_do_not_fit_are_one_sentence(architecture, config) -> None:
    with pytest.raises(InputError, match=r"\[model.config\]") as error:
        make("mlm", architecture, config=config)
    assert len(str(error.value)) < 400 and "\n" not in str(error.value)
