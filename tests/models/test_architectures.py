"""The config of a recipe's model."""

import pytest

from nlp_ssl.errors import InputError
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
        ({"architecture": "t5"}, "model.architecture is 't5': AutoModelForMaskedLM does not support it"),
        ({"config": {"hiden_act": "gelu"}}, r"\[model.config\] hiden_act: did you mean 'hidden_activation'"),
    ],
)
def test_what_does_not_fit_is_refused(fields, message) -> None:
    with pytest.raises(InputError, match=message):
        make("mlm", **fields)
