"""Causal language modelling."""

import torch

from nlp_ssl.heads.causal_lm import CausalLMHead, EncoderCausalLM
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.training.model import PretrainingModel
from tests.networks import OBJECTIVES, batch, config_of, make
from tests.worlds import vocabulary


def test_later_tokens_do_not_influence_a_decoder() -> None:
    model, inputs = make("clm"), batch("clm")
    embedded = model.body.get_input_embeddings()(inputs["views"]["main"]["input_ids"]).detach().requires_grad_()
    hidden = model.body(inputs_embeds=embedded).last_hidden_state
    hidden[0, 6, 0].backward()
    assert embedded.grad[0, :7].abs().sum(-1).min() > 0
    assert embedded.grad[0, 7:].abs().max() == 0


def test_an_encoder_predicts_next_tokens_with_the_layers_of_masked_language_modelling() -> None:
    assert CausalLMHead.for_body("decoder") is CausalLMHead
    mixture = Mixture(objectives={name: OBJECTIVES[name]() for name in ("clm", "mlm")}, mixing="sequence")
    model = PretrainingModel(config_of(mixture, size="tiny"), mixture, vocabulary())
    assert isinstance(model.head("clm"), EncoderCausalLM) and list(model.carriers) == ["masked_lm"]
    hidden = torch.randn(3, model.body.config.hidden_size)
    assert torch.equal(model.head("clm").logits(hidden), model.head("mlm").logits(hidden))
    assert type(model.assemble()).__name__ == "ModernBertForMaskedLM" and model.extra_heads() == []
