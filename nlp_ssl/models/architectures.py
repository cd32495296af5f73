"""Supported architectures, and the transformers config of a recipe's model."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

import torch
from transformers import CONFIG_MAPPING, AutoConfig

import nlp_ssl.models.static  # noqa: F401  # registers static vectors with transformers
from nlp_ssl.console import quantity
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import InputError, cut, did_you_mean, listing
from nlp_ssl.models.auto import has_head
from nlp_ssl.models.building import build
from nlp_ssl.recipe import SIZES, Model
from nlp_ssl.sampling.examples import Body

DEFAULT_ARCHITECTURE = {
    "static": "static_vectors",
    "encoder": "modernbert",
    "decoder": "modernbert-decoder",
    "seq2seq": "mbart",
}
"""Default architecture of each kind of body. The encoder and the decoder differ only in their attention mask, so that
objectives are comparable. mBART is BART with pre-layer normalisation."""

_ENCODERS = """
albert bert camembert convbert data2vec-text deberta deberta-v2 distilbert electra ernie esmc eurobert flaubert
gte ibert jina_embeddings_v3 megatron-bert mobilebert modernbert mpnet nomic_bert nystromformer rembert
roberta roberta-prelayernorm roc_bert roformer ultrabert xlm xlm-roberta xlm-roberta-xl yoso
"""
_DECODERS = """
apertus arcee bert bert-generation biogpt bitnet bloom camembert cohere cohere2 ctrl cwm data2vec-text diffllama
electra ernie ernie4_5 exaone4 falcon gemma gemma2 gemma3_text glm glm4 gpt-sw3 gpt2 gpt_bigcode gpt_neox
gpt_neox_japanese gptj granite granite_swa hrm_text hyperclovax internlm3 iquestcoder jais2 lfm2 lfm3 llama
megatron-bert minicpm3 ministral3 mistral modernbert-decoder mpt nanochat nemotron olmo olmo2 olmo3 olmo_hybrid
openai-gpt persimmon phi phi3 qwen2 qwen3 qwen3_5_text recurrent_gemma rembert roberta roberta-prelayernorm roc_bert
roformer seed_oss smollm3 stablelm starcoder2 vaultgemma xglm xlm-roberta xlm-roberta-xl youtu
"""
_ENCODER_DECODERS = """
bart bigbird_pegasus blenderbot blenderbot-small longt5 m2m_100 marian mbart mvp pegasus pegasus_x plbart t5 umt5
"""
TESTED: dict[Body, tuple[str, ...]] = {
    "static": ("static_vectors",),
    "encoder": tuple(_ENCODERS.split()),
    "decoder": tuple(_DECODERS.split()),
    "seq2seq": tuple(_ENCODER_DECODERS.split()),
}
"""Accepted model types by kind of body. benchmarks/architectures.py builds, trains, saves, loads and probes each."""

BYTES_PER_PARAMETER = 16
"""Memory that training takes: weights, gradients, and AdamW's two averages, in float32."""

MOST_LAYERS = 1000
"""Layers, groups of layers, or experts; transformers builds each as a module of its own."""

_IDS = ("pad", "bos", "eos", "cls", "sep", "unk", "mask", "decoder_start", "forced_bos", "forced_eos")
_DECIDED = {f"{name}_token_id": "the tokenizer of the corpus decides it" for name in _IDS} | {
    "dtype": "weights are float32 in training, and --precision is that of matrix products",
    "is_encoder_decoder": "the objective decides it",
}
"""Config fields that a recipe cannot set, and why."""
_DECIDED_OF_T5 = {"scale_decoder_outputs": "tie_word_embeddings decides it"}
_DECIDED_OF_UMT5 = {"tie_word_embeddings": "transformers always ties UMT5's output layer to its embeddings"}

GATED = {"modernbert", "modernbert-decoder", "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "olmo2", "phi3"}
"""Architectures with a gated feed-forward layer (three matrices instead of two)."""


def configure(model: Model, body: Body, auto_classes: Sequence[Any], vocabulary: Vocabulary, max_length: int) -> Any:
    """The transformers config of a recipe's model.

    `auto_classes` are the transformers auto classes that the heads need, such as `AutoModelForMaskedLM`. InputError for
    an unknown architecture or config field, and for an architecture without one of these classes.
    """
    architecture = model.architecture
    if architecture == "auto":
        architecture = DEFAULT_ARCHITECTURE[body]
    if architecture not in TESTED[body]:
        known = did_you_mean(architecture, list(TESTED[body]))
        raise InputError(
            f"model.architecture is {architecture!r}: not one of the tested types of {body} in docs/architectures.md: "
            f"{known}"
        )
    standard = CONFIG_MAPPING[architecture]()
    if (lacking := _lacking(standard, auto_classes)) is not None:
        fit = [name for name in TESTED[body] if _lacking(CONFIG_MAPPING[name](), auto_classes) is None]
        raise InputError(
            f"model.architecture is {architecture!r}: {lacking.__name__} does not support it; "
            f"{listing(fit, 'it supports ')}"
        )
    layers, width = SIZES[model.size]
    t5_layer = model.config.get("feed_forward_proj", getattr(standard, "feed_forward_proj", ""))
    inner = gated_size(width) if architecture in GATED or str(t5_layer).startswith("gated") else 4 * width
    shape = {
        "vocab_size": vocabulary.size,
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": width // 64,
        "num_key_value_heads": width // 64,
        "intermediate_size": inner,
        "hidden_dim": inner,  # DistilBERT's name for intermediate_size
        "d_ff": inner,  # T5's
        "embedding_size": 128 if architecture == "albert" else width,  # ALBERT factorises its embeddings
        "max_position_embeddings": max_length + (2 if architecture in ("roberta", "xlm-roberta", "camembert") else 0),
        "type_vocab_size": 2,
    }
    if body == "seq2seq":  # half of the layers in the encoder and half in the decoder
        half = max(1, layers // 2)
        shape |= {"d_model": width, "num_hidden_layers": half}
        for side in ("encoder", "decoder"):
            shape |= {f"{side}_layers": half, f"{side}_attention_heads": width // 64, f"{side}_ffn_dim": 4 * width}
    known_fields = fields_of(standard)
    _require_own_fields(model.config, known_fields)
    _require_few_modules(model.config)
    defaults = {key: value for key, value in shape.items() if key in known_fields}
    defaults |= decided_fields(body, vocabulary, known_fields)
    own = standard.attribute_map  # GPT-2 knows num_hidden_layers as n_layer: a recipe may use either name
    values = {own.get(key, key): value for fields in (defaults, model.config) for key, value in fields.items()}
    try:
        config = AutoConfig.for_model(architecture, **values)
        set_dropout(config, model.dropout)
        require_room(config, auto_classes, "[model.config]")
    except InputError:
        raise
    except Exception as error:  # each architecture checks its config in its own way, and raises its own types
        raise unusable(model, f"{architecture} cannot be built so", error) from None
    if config.vocab_size < vocabulary.size:
        raise InputError(f"[model.config] vocab_size is {config.vocab_size}: the corpus has {vocabulary.size:,} tokens")
    return config


def decided_fields(body: Body, vocabulary: Vocabulary, known: set[str]) -> dict[str, Any]:
    """Config fields that the corpus's tokenizer and the kind of body decide. `known` are the architecture's fields."""
    found: dict[str, Any] = {
        "pad_token_id": vocabulary.pad,
        "bos_token_id": vocabulary.cls,
        "eos_token_id": vocabulary.sep,
        "cls_token_id": vocabulary.cls,
        "sep_token_id": vocabulary.sep,
        "use_cache": False,
    }
    if body == "seq2seq":
        found |= {"decoder_start_token_id": vocabulary.cls, "forced_eos_token_id": None}
    elif "is_decoder" in known:
        found["is_decoder"] = body == "decoder"  # without it a BERT attends to both sides
    return found


def _lacking(config: Any, auto_classes: Sequence[Any]) -> Any | None:
    """The first auto class that does not support a config; None if all do."""
    return next((auto_class for auto_class in auto_classes if not has_head(auto_class, config)), None)


def unusable(model: Model, what: str, error: Exception) -> InputError:
    """The error for a recipe's [model.config] with which building or training the model raises `error`."""
    given = ", ".join(f"{key} = {value!r}" for key, value in model.config.items()) or model.architecture
    return InputError(f"[model.config] {cut(given)}: {what}: {cut(error, 160) or type(error).__name__}")


def _require_own_fields(fields: dict[str, Any], known: set[str]) -> None:
    """InputError for fields that the architecture does not have, or that a recipe cannot set."""
    of_t5 = _DECIDED_OF_T5 if "scale_decoder_outputs" in known else _DECIDED_OF_UMT5
    decided = _DECIDED | (of_t5 if "feed_forward_proj" in known else {})
    unknown = [key for key in fields if key not in known | decided.keys()]
    problems = [f"[model.config] {key}: {did_you_mean(key, sorted(known))}" for key in unknown]
    problems += [f"[model.config] {key}: {decided[key]}; leave it out" for key in fields if key in decided]
    if problems:
        raise InputError(*problems)


def _require_few_modules(fields: dict[str, Any]) -> None:
    """InputError for a number of layers, groups or experts that could not even be listed, before any is built."""
    for key, value in fields.items():
        counts = value if isinstance(value, list) else [value]
        if re.search("layer|block|group|expert", key) and any(isinstance(n, int) and n > MOST_LAYERS for n in counts):
            raise InputError(f"[model.config] {key} is {cut(str(value), 40)}: at most {MOST_LAYERS:,}")


def require_room(config: Any, auto_classes: Sequence[Any], label: str) -> None:
    """InputError, beginning with `label`, for a model whose weights and optimizer state do not fit into memory."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for auto_class in auto_classes:
        with torch.device("meta"):  # no memory: only the shapes
            parameters = sum(p.numel() for p in build(auto_class, config).parameters())
        needed = parameters * BYTES_PER_PARAMETER
        if needed > memory:
            raise InputError(
                f"{label} a model of {quantity(parameters)} parameters needs {quantity(needed)}B to train, "
                f"this machine has {quantity(memory)}B: choose a smaller one"
            )


def gated_size(width: int) -> int:
    """Inner size of a gated feed-forward layer with as many weights as an ungated one of inner size 4 x `width`.

    Rounded to a multiple of 64.
    """
    return round(8 / 3 * width / 64) * 64


def set_dropout(config: Any, share: float) -> None:
    """Set every dropout probability of a config (attention_dropout, resid_pdrop, …) except layerdrop."""
    for name, value in config.to_dict().items():
        if "drop" in name and "layerdrop" not in name and isinstance(value, int | float):
            setattr(config, name, share)


def positions(config: Any) -> int | None:
    """The number of positions of a model with this config; None if it has no limit."""
    found: int = getattr(config, "max_position_embeddings", None) or 0
    if found and config.model_type in ("roberta", "xlm-roberta", "camembert"):
        found -= config.pad_token_id + 1  # positions are counted from pad_token_id + 1
    return found or None


def longest_input(config: Any, wanted: int) -> int:
    """The smaller of `wanted` and the number of positions of a model with this config."""
    return min(wanted, positions(config) or wanted)


def fields_of(config: Any) -> set[str]:
    """The names of a config's fields, with the standard names for those that have others."""
    return set(config.to_dict()) | set(config.attribute_map)
