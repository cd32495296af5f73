"""Sequence-to-sequence language modelling: predict the decoder's output (Lewis et al. 2020, section 2)."""

from __future__ import annotations

from transformers import AutoModelForSeq2SeqLM

from nlp_ssl.heads._language import LanguageHead


class Seq2SeqLM(LanguageHead):
    """The language model head of an encoder-decoder, on the decoder's hidden states."""

    name = "seq2seq_lm"
    auto_class = AutoModelForSeq2SeqLM
