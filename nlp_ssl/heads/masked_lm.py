"""Masked language modelling: predict the original tokens at masked positions (Devlin et al. 2019, section 3.1)."""

from __future__ import annotations

from torch import Tensor
from transformers import AutoModelForMaskedLM

from nlp_ssl.heads._language import LanguageHead
from nlp_ssl.heads.base import Encode, Head
from nlp_ssl.heads.seq2seq_lm import Seq2SeqLM
from nlp_ssl.sampling.examples import Body


class MaskedLMHead(LanguageHead):
    """The language model head of an encoder."""

    name = "masked_lm"
    auto_class = AutoModelForMaskedLM

    @classmethod
    def for_body(cls, body: Body) -> type[Head]:
        """`SourceMaskedLM` for an encoder-decoder, which has one language model head for encoder and decoder."""
        return SourceMaskedLM if body == "seq2seq" else cls


class SourceMaskedLM(Seq2SeqLM):
    """Masked language modelling on the encoder of an encoder-decoder (PEGASUS, Zhang et al. 2020, section 3.2)."""

    def states(self, encode: Encode) -> Tensor:
        """The encoder's hidden states [B, L, H]."""
        states: Tensor = encode().encoder_last_hidden_state
        return states
