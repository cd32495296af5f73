"""The config of a recipe's model."""

import re
from pathlib import Path

import pytest
from transformers import AutoModelForMultipleChoice

from nlp_ssl.errors import InputError
from nlp_ssl.models.architectures import TESTED, configure
from nlp_ssl.recipe import SIZES, Model
from tests.networks import config_of, make, mixture
from tests.worlds import vocabulary


@pytest.mark.parametrize("size", SIZES)
def test_encoder_and_decoder_of_a_size_share_its_shape(size, monkeypatch) -> None:
    monkeypatch.setattr("nlp_ssl.models.architectures.os.sysconf", lambda _: 2**20)  # memory for all of them
    layers, width = SIZES[size]
    configs = [config_of(mixture(name), 64, size=size) for name in ("mlm", "clm", "sop")]
    for config in configs:
        assert (config.num_hidden_layers, config.hidden_size, config.vocab_size) == (layers, width, 50)
        assert config.num_attention_heads == width // 64 and config.max_position_embeddings == 64


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"architecture": "bret"}, "model.architecture is 'bret': .* did you mean 'bert'"),
        ({"architecture": "t5"}, "'t5': not one of the tested types of encoder in docs/architectures.md: there are"),
        ({"config": {"hiden_act": "gelu"}}, r"\[model.config\] hiden_act: did you mean 'hidden_activation'"),
    ],
)
def test_unfit_architectures_are_refused(fields, message) -> None:
    with pytest.raises(InputError, match=message):
        make("mlm", **fields)


@pytest.mark.parametrize(
    ("objective", "architecture"),
    [("clm", "xlnet"), ("clm", "mixtral"), ("mlm", "mbart"), ("mlm", "t5"), ("span_corruption", "mt5")],
)
def test_types_that_were_not_tested_as_this_kind_of_body_are_refused(objective, architecture) -> None:
    with pytest.raises(InputError, match=f"model.architecture is '{architecture}': not one of the tested types"):
        make(objective, architecture)


def test_a_type_without_a_head_of_the_objective_is_refused_with_those_that_have_one() -> None:
    """All encoders have the heads of the objectives here; one of a plug-in may need another."""
    with pytest.raises(InputError) as error:
        configure(Model(architecture="esmc"), "encoder", [AutoModelForMultipleChoice], vocabulary(), 32)
    known = "albert, bert, camembert, convbert, data2vec-text, deberta-v2, distilbert, electra, ernie, flaubert"
    said = "model.architecture is 'esmc': AutoModelForMultipleChoice does not support it; it supports "
    assert str(error.value).startswith(f"{said}{known} and ") and len(str(error.value)) < 300


def test_a_bert_decoder_is_a_decoder() -> None:
    assert make("clm", "bert").body.config.is_decoder and not make("mlm", "bert").body.config.is_decoder


@pytest.mark.parametrize("field", ["n_layer", "num_hidden_layers"])
def test_a_field_may_have_the_architectures_own_name_or_the_common_one(field) -> None:
    assert make("clm", "gpt2", config={field: 1}).body.config.n_layer == 1


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
        ("auto", {"num_hidden_layers": 10**40}),
        ("albert", {"inner_group_num": 10**9}),
        ("distilbert", {"n_layers": 10**9}),
        ("deberta-v2", {"conv_kernel_size": 10**9}),
    ],
)
def test_values_of_the_config_that_do_not_fit_are_one_sentence(architecture, config) -> None:
    with pytest.raises(InputError, match=r"\[model.config\]") as error:
        make("mlm", architecture, config=config)
    assert len(str(error.value)) < 400 and "\n" not in str(error.value)


def test_t5_has_half_of_the_layers_on_either_side_and_feed_forward_layers_of_one_size() -> None:
    plain = config_of(mixture("span_corruption"), size="small", architecture="t5")
    assert (plain.num_layers, plain.num_decoder_layers, plain.d_model, plain.num_heads, plain.d_kv) == (
        2,
        2,
        512,
        8,
        64,
    )
    assert (plain.d_ff, plain.dropout_rate, plain.scale_decoder_outputs) == (2048, 0.0, True)
    gated = {"feed_forward_proj": "gated-gelu"}
    assert config_of(mixture("span_corruption"), size="small", architecture="t5", config=gated).d_ff == 1344
    assert config_of(mixture("span_corruption"), size="small", architecture="umt5").d_ff == 1344


def test_what_is_decided_for_t5_cannot_be_set() -> None:
    with pytest.raises(InputError, match=r"\[model.config\] tie_word_embeddings: transformers always ties UMT5's"):
        make("span_corruption", "umt5", config={"tie_word_embeddings": False})
    with pytest.raises(InputError, match="scale_decoder_outputs: tie_word_embeddings decides it") as error:
        make("span_corruption", "t5", config={"scale_decoder_outputs": False, "decoder_start_token_id": 0})
    assert "decoder_start_token_id: the tokenizer of the corpus decides it; leave it out" in str(error.value)
    assert "did you mean" not in str(error.value)
