"""Masked language modelling."""

from types import SimpleNamespace

import torch

from nlp_ssl.heads.base import Encode
from nlp_ssl.heads.masked_lm import MaskedLMHead, SourceMaskedLM
from tests.networks import make

OUTPUTS = SimpleNamespace(last_hidden_state=torch.tensor([[[1.0]]]), encoder_last_hidden_state=torch.tensor([[[2.0]]]))


def test_an_encoder_decoder_predicts_masked_tokens_of_its_source() -> None:
    assert MaskedLMHead.for_body("encoder") is MaskedLMHead
    assert MaskedLMHead.for_body("seq2seq") is SourceMaskedLM
    encode = Encode(lambda view, averaged: OUTPUTS, {"main": {}})
    head = make("mlm").head("mlm")
    assert head.states(encode).item() == 1
    assert SourceMaskedLM.states(head, encode).item() == 2
