"""The measured causality of models with a known attention mask."""

import pytest
import torch
from torch import nn
from transformers import (
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSeq2SeqLM,
    BartConfig,
    BertConfig,
    GPT2Config,
    ModernBertConfig,
    T5Config,
    XLNetConfig,
)
from transformers.modeling_outputs import BaseModelOutput

from nlp_ssl.errors import InputError
from nlp_ssl.models.causality import dependence, sees_later_tokens
from nlp_ssl.models.parts import detach_body

BERT = {"vocab_size": 90, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}


class Window(nn.Module):
    """The state at i is the sum of the tokens from i - before to i + after."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.before, self.after = before, after
        self.one = nn.Parameter(torch.ones(1))
        self.config = GPT2Config(vocab_size=40)

    def forward(self, input_ids: torch.Tensor, return_dict: bool) -> BaseModelOutput:
        ids = input_ids.float()
        width = ids.shape[1]
        states = [ids[:, max(0, i - self.before) : min(width, i + self.after + 1)].sum(1) for i in range(width)]
        return BaseModelOutput(last_hidden_state=torch.stack(states, 1)[..., None] * self.one)


def test_dependence_of_a_window_is_literal() -> None:
    assert dependence(Window(1, 0), length=4).int().tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]
    assert dependence(Window(0, 2), length=4).int().tolist() == [[1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1]]


@pytest.mark.parametrize(
    ("config", "auto", "later"),
    [
        (BertConfig(**BERT), AutoModelForCausalLM, True),  # the name says causal, the attention does not
        (BertConfig(**BERT, is_decoder=True), AutoModelForCausalLM, False),
        (BertConfig(**BERT), AutoModelForMaskedLM, True),
        (ModernBertConfig(**BERT, pad_token_id=0), AutoModelForMaskedLM, True),
        (GPT2Config(vocab_size=90, n_embd=64, n_layer=1, n_head=2), AutoModelForCausalLM, False),
        (XLNetConfig(vocab_size=90, d_model=64, n_layer=1, n_head=2, d_inner=64), AutoModelForCausalLM, True),
        (
            BartConfig(
                vocab_size=90, d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
                decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32, max_position_embeddings=32,
            ),
            AutoModelForSeq2SeqLM,
            False,
        ),
        (T5Config(vocab_size=90, d_model=32, d_ff=32, num_layers=1, num_heads=2), AutoModelForSeq2SeqLM, False),
    ],
)  # fmt: skip
def test_causality_is_measured_not_inferred_from_the_name(config, auto, later) -> None:
    torch.manual_seed(0)
    model = auto.from_config(config)
    before = torch.random.get_rng_state()
    assert sees_later_tokens(detach_body(model), "it") == later
    assert model.training and torch.equal(before, torch.random.get_rng_state())  # nothing of the run is disturbed


def test_a_body_that_takes_other_inputs_is_refused() -> None:
    with pytest.raises(InputError, match="it: a forward pass over token ids fails"):
        sees_later_tokens(
            nn.Linear(2, 2).requires_grad_(False).apply(lambda m: setattr(m, "config", BertConfig())), "it"
        )
