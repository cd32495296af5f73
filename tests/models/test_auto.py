"""Model classes by config."""

from __future__ import annotations

import pytest
from transformers import (
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    BertConfig,
    BertForMaskedLM,
    BertLMHeadModel,
    GPT2Config,
    GPT2LMHeadModel,
)

from nlp_ssl.models.auto import has_head, model_class
from nlp_ssl.models.static import StaticVectorsConfig, StaticVectorsForSequenceClassification


def test_bert_has_a_masked_and_a_causal_head_and_gpt2_only_a_causal_one():
    assert has_head(AutoModelForMaskedLM, BertConfig())
    assert has_head(AutoModelForCausalLM, BertConfig())
    assert not has_head(AutoModelForMaskedLM, GPT2Config())
    assert has_head(AutoModelForCausalLM, GPT2Config())


def test_the_class_is_the_one_that_the_auto_class_builds():
    small = BertConfig(vocab_size=8, hidden_size=4, num_hidden_layers=1, num_attention_heads=1, intermediate_size=4)
    assert model_class(AutoModelForMaskedLM, small) is BertForMaskedLM
    assert type(AutoModelForMaskedLM.from_config(small)) is BertForMaskedLM
    assert model_class(AutoModelForCausalLM, small) is BertLMHeadModel
    assert model_class(AutoModelForCausalLM, GPT2Config()) is GPT2LMHeadModel


def test_registered_classes_are_found():
    config = StaticVectorsConfig()
    assert not has_head(AutoModelForMaskedLM, config)
    assert model_class(AutoModelForSequenceClassification, config) is StaticVectorsForSequenceClassification


def test_a_config_without_a_head_is_a_key_error():
    with pytest.raises(KeyError):
        model_class(AutoModelForMaskedLM, GPT2Config())
