"""Architectures: the transformers config of a recipe's model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from transformers import CONFIG_MAPPING, AutoConfig, AutoModelForSeq2SeqLM

import nlp_ssl.models.static  # noqa: F401  # makes transformers know static vectors
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import InputError, did_you_mean
from nlp_ssl.models.auto import has_head
from nlp_ssl.recipe import SIZES, Model
from nlp_ssl.sampling.examples import Body

DEFAULT_ARCHITECTURE = {
    "static": "static_vectors",
    "encoder": "modernbert",
    "decoder": "modernbert-decoder",
    "seq2seq": "mbart",
}
"""One architecture, with attention to both sides or to the left alone, so that nothing else differs between objectives;
and for an encoder-decoder BART's with the norms before the layers (mBART)."""

TESTED: dict[Body, tuple[str, ...]] = {
    "static": ("static_vectors",),
    "encoder": (),
    "decoder": (),
    "seq2seq": (),
}
"""The model types that benchmarks/architectures.py has trained, saved, loaded and probed; all others are refused."""

SPLIT_BODIES = {"t5", "mt5", "umt5", "switch_transformers", "longt5"}
"""Encoder-decoders whose language model has no body apart from its head."""

GATED = {"modernbert", "modernbert-decoder", "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "olmo2", "phi3"}
"""Architectures whose feed-forward layer has three matrices; at 8/3 of the width it weighs what two do at 4."""


def configure(model: Model, body: Body, auto_classes: Sequence[Any], vocabulary: Vocabulary, max_length: int) -> Any:
    """The transformers config of a recipe's model.

    `auto_classes` are the classes of transformers, such as `AutoModelForMaskedLM`, that its heads are made with.
    InputError for an architecture that has no such class.
    """
    architecture = model.architecture
    if architecture == "auto":
        architecture = DEFAULT_ARCHITECTURE[body]
    if architecture not in CONFIG_MAPPING:
        known = did_you_mean(architecture, list(CONFIG_MAPPING))
        raise InputError(f"model.architecture is {architecture!r}: transformers has no such model type: {known}")
    for auto_class in auto_classes:
        if not _supports(architecture, auto_class):
            raise InputError(
                f"model.architecture is {architecture!r}: transformers has no {auto_class.__name__} of it that can be "
                f"trained here; leave it at 'auto' for {DEFAULT_ARCHITECTURE[body]}"
            )
    layers, width = SIZES[model.size]
    inner = gated_size(width) if architecture in GATED else 4 * width
    shape = {
        "vocab_size": vocabulary.size,
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": width // 64,
        "num_key_value_heads": width // 64,
        "intermediate_size": inner,
        "hidden_dim": inner,  # distilbert's name of it
        "embedding_size": 128 if architecture == "albert" else width,  # ALBERT's is factorised
        "max_position_embeddings": max_length + (2 if architecture in ("roberta", "xlm-roberta", "camembert") else 0),
        "type_vocab_size": 2,
    }
    if body == "seq2seq":  # half of the layers on either side, as BART's twelve beside BERT's twelve
        half = max(1, layers // 2)
        shape |= {"d_model": width, "num_hidden_layers": half}
        for side in ("encoder", "decoder"):
            shape |= {f"{side}_layers": half, f"{side}_attention_heads": width // 64, f"{side}_ffn_dim": 4 * width}
    known_fields = _fields(CONFIG_MAPPING[architecture]())
    special: dict[str, Any] = {
        "pad_token_id": vocabulary.pad,
        "bos_token_id": vocabulary.cls,
        "eos_token_id": vocabulary.sep,
        "cls_token_id": vocabulary.cls,
        "sep_token_id": vocabulary.sep,
        "use_cache": False,
    }
    if body == "seq2seq":
        special |= {"decoder_start_token_id": vocabulary.cls, "forced_eos_token_id": None}
    if body == "decoder" and "is_decoder" in known_fields:
        special["is_decoder"] = True  # without it a BERT attends to both sides
    strangers = [key for key in model.config if key not in known_fields]
    if strangers:
        raise InputError(*[f"[model.config] {key}: {did_you_mean(key, sorted(known_fields))}" for key in strangers])
    values = {key: value for key, value in shape.items() if key in known_fields} | special | dict(model.config)
    config = AutoConfig.for_model(architecture, **values)
    set_dropout(config, model.dropout)
    return config


def gated_size(width: int) -> int:
    """The inner size at which a feed-forward layer of three matrices weighs what one of two does at 4 x `width`."""
    return round(8 / 3 * width / 64) * 64


def set_dropout(config: Any, share: float) -> None:
    """Set every dropout of a config, whatever the architecture calls it: attention_dropout, resid_pdrop, …"""
    for name, value in config.to_dict().items():
        if "drop" in name and "layerdrop" not in name and isinstance(value, int | float):
            setattr(config, name, share)


def _fields(config: Any) -> set[str]:
    return set(config.to_dict()) | set(config.attribute_map)


def _supports(architecture: str, auto_class: Any) -> bool:
    known = has_head(auto_class, CONFIG_MAPPING[architecture]())
    # An encoder-decoder's class must have its body in one piece, which T5's has not.
    return known and (auto_class is not AutoModelForSeq2SeqLM or architecture not in SPLIT_BODIES)
