"""Causal language modelling: predict the next token at each position (Radford et al. 2018)."""

from __future__ import annotations

from transformers import AutoModelForCausalLM

from nlp_ssl.heads._language import LanguageHead


class CausalLMHead(LanguageHead):
    """The language model head of a decoder."""

    name = "causal_lm"
    auto_class = AutoModelForCausalLM
