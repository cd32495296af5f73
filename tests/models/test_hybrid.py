"""Attention by row, and the decoder with an encoder's weights."""

import pytest
import torch
from transformers import ModernBertConfig, ModernBertForMaskedLM

from nlp_ssl.models.hybrid import as_decoder, attention_by_row, converted_config, converted_weights

SHAPE = {"vocab_size": 60, "hidden_size": 128, "num_hidden_layers": 4, "num_attention_heads": 2, "pad_token_id": 0}
SHAPE |= {"intermediate_size": 96, "bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3}


def encoder(attention: str = "sdpa", **fields: object) -> ModernBertForMaskedLM:
    torch.manual_seed(0)
    model = ModernBertForMaskedLM(ModernBertConfig(**SHAPE | fields, attn_implementation=attention)).eval()
    for parameter in model.parameters():  # larger weights: each token that is read changes the logits
        parameter.data.mul_(3)
    return model


def test_masks_by_hand() -> None:
    """A causal row and one of both sides, whose last token is padding; a window of one token to each side."""
    config = ModernBertConfig(**SHAPE, local_attention=2, attn_implementation="sdpa")
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
    found = attention_by_row(config, torch.tensor([True, False]), mask, 4)
    full, local = (found[name].int().tolist() for name in ("full_attention", "sliding_attention"))
    assert full == [
        [[[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]],
        [[[1, 1, 1, 0]] * 4],
    ]
    assert local == [
        [[[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]],
        [[[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 0], [0, 0, 1, 0]]],
    ]
    config._attn_implementation = "eager"
    added = attention_by_row(config, torch.tensor([True, False]), mask, 4)["full_attention"]
    assert added.dtype == torch.float32
    assert torch.equal(added == 0, torch.tensor(full) == 1) and (added[added != 0] < -1e38).all()


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@torch.no_grad()
def test_rows_of_both_sides_are_the_encoders_own(attention: str) -> None:
    model, ids = encoder(attention), torch.randint(5, 60, (2, 150), generator=torch.Generator().manual_seed(1))
    padded = torch.ones_like(ids)
    padded[1, 120:] = 0
    for mask in (None, padded):
        masks = attention_by_row(model.config, torch.zeros(2, dtype=torch.bool), mask, 150)
        found, expected = model(ids, attention_mask=masks).logits, model(ids, attention_mask=mask).logits
        torch.testing.assert_close(found[:, :120], expected[:, :120], rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_causal_rows_read_nothing_that_follows_and_others_do() -> None:
    """Token 100 is replaced: which states of each row change."""
    model, ids = encoder(), torch.randint(5, 60, (1, 150), generator=torch.Generator().manual_seed(1)).repeat(2, 1)
    masks = attention_by_row(model.config, torch.tensor([True, False]), None, 150)
    before = model(ids, attention_mask=masks).logits
    ids[:, 100] += torch.where(ids[:, 100] < 59, 1, -1)
    changed = (model(ids, attention_mask=masks).logits != before).any(-1)
    assert changed.sum(1).tolist() == [50, 150] and not changed[0, :100].any()


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("window", [128, 16, 7])
@torch.no_grad()
def test_the_decoder_has_exactly_the_encoders_logits_under_a_causal_mask(attention: str, window: int) -> None:
    """Texts are longer than the window, which in transformers' decoder is one token narrower than the encoder's."""
    model = encoder(attention, local_attention=window)
    ids = torch.randint(5, 60, (3, 200), generator=torch.Generator().manual_seed(2))
    decoder = as_decoder(model)
    decoder.set_attn_implementation(attention)
    masks = attention_by_row(model.config, torch.ones(3, dtype=torch.bool), None, 200)
    found, expected = decoder(ids).logits, model(ids, attention_mask=masks).logits
    assert torch.equal(found, expected)
    assert decoder.config.sliding_window == window // 2 + 1
    decoder.config.sliding_window -= 1  # transformers' own value for this window
    assert not torch.equal(decoder(ids).logits, expected)


def test_biases_are_carried_over() -> None:
    model = encoder(attention_bias=True, mlp_bias=True, norm_bias=True, classifier_bias=True)
    ids = torch.randint(5, 60, (1, 20))
    masks = attention_by_row(model.config, torch.tensor([True]), None, 20)
    with torch.no_grad():
        assert torch.equal(as_decoder(model)(ids).logits, model(ids, attention_mask=masks).logits)


def test_a_decoder_becomes_the_encoder_that_it_came_from() -> None:
    model = encoder(local_attention=6)
    decoder = as_decoder(model)
    assert decoder.config.sliding_window == 4  # itself and three before, as the encoder's tokens see
    config, weights = converted_config(decoder.config), converted_weights(decoder.state_dict())
    assert (config.model_type, config.sliding_window, config.layer_types) == (
        "modernbert",
        3,
        model.config.layer_types,
    )
    assert weights.keys() == model.state_dict().keys()
    assert all(torch.equal(weight, weights[name]) for name, weight in model.state_dict().items())
