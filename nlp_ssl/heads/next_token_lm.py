"""Predict next tokens with an encoder: masked ones from both sides, or any from one side (Charpentier and Samuel 2024).

The layers are those of masked language modelling. The losses of an objective share them.
"""

from __future__ import annotations

from transformers import AutoModelForMaskedLM

from nlp_ssl.heads._language import LanguageHead


class NextTokenLM(LanguageHead):
    """The language model head of an encoder, whose state at each position predicts the next token."""

    name = "next_token_lm"
    auto_class = AutoModelForMaskedLM

    @classmethod
    def key(cls, name: str) -> str:
        """One head for all losses."""
        return cls.name
