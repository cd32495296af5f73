"""Causal language modelling: predict the next token at each position (Radford et al. 2018)."""

from __future__ import annotations

from transformers import AutoModelForCausalLM

from nlp_ssl.heads._language import LanguageHead
from nlp_ssl.heads.base import Head
from nlp_ssl.heads.masked_lm import MaskedLMHead
from nlp_ssl.heads.next_token_lm import NextTokenLM
from nlp_ssl.sampling.examples import Body


class CausalLMHead(LanguageHead):
    """The language model head of a decoder."""

    name = "causal_lm"
    auto_class = AutoModelForCausalLM

    @classmethod
    def for_body(cls, body: Body) -> type[Head]:
        """`EncoderCausalLM` for an encoder that reads from one side only."""
        return EncoderCausalLM if body == "encoder" else cls


class EncoderCausalLM(NextTokenLM):
    """Causal language modelling with an encoder, whose layers are those of masked language modelling."""

    @classmethod
    def carrier_key(cls, name: str) -> str:
        """The layers of masked language modelling."""
        return MaskedLMHead.name
