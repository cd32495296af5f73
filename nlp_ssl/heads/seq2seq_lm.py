"""Sequence-to-sequence language modelling: the sequence that a decoder writes (Lewis et al. 2020, section 2)."""

from __future__ import annotations

from transformers import AutoModelForSeq2SeqLM

from nlp_ssl.heads._language import LanguageHead


class Seq2SeqLM(LanguageHead):
    """The language head of an encoder-decoder, on its decoder's hidden states."""

    name = "seq2seq_lm"
    auto_class = AutoModelForSeq2SeqLM
