"""Build transformers models with new weights, also T5 1.1, whose output layer is not tied to its embeddings.

Also activation checkpointing.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from nlp_ssl.errors import InputError


def build(auto_class: Any, config: Any) -> Any:
    """A model with new weights, of an auto class such as `AutoModelForMaskedLM`.

    The config of T5 1.1 has `scale_decoder_outputs = False`. transformers unties its output layer only when it loads
    weights that differ. Here it is new: logits begin at the size that they have in a T5 with tied, scaled ones.
    """
    model = auto_class.from_config(config)
    layer = model.get_output_embeddings()
    if layer is not None and not getattr(config, "scale_decoder_outputs", True):
        layer.weight = nn.Parameter(torch.empty_like(layer.weight).normal_(std=config.d_model**-0.5))
        del model.all_tied_weights_keys["lm_head.weight"]
    return model


def checkpoint_activations(body: Any) -> None:
    """Keep only the input of each layer for the backward pass, which computes the layer again, with the same dropout.

    InputError if transformers cannot do so in this architecture.
    """
    try:
        body.activation_checkpointing_enable({"use_reentrant": False})
    except ValueError:
        raise InputError(
            f"activation_checkpointing: {body.config.model_type!r} does not support it; train without it, or with more "
            "--batch.accumulation"
        ) from None
