"""Causal language modelling: the token after each position (Radford et al. 2018)."""

from __future__ import annotations

from transformers import AutoModelForCausalLM

from nlp_ssl.heads._language import LanguageHead


class CausalLMHead(LanguageHead):
    """The language head of a decoder."""

    name = "causal_lm"
    auto_class = AutoModelForCausalLM
