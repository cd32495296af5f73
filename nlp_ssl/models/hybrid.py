"""An encoder that is also a decoder: attention to one side in some rows, and the decoder with the same weights.

For ModernBERT, whose decoder in transformers has the same layers. In layers with local attention the encoder's tokens
see `sliding_window` tokens to each side, the decoder's one less to the left. The decoder's window is therefore made one
token wider: under a causal mask both compute the same logits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from transformers import ModernBertConfig, ModernBertDecoderConfig, ModernBertDecoderForCausalLM

ARCHITECTURE = "modernbert"
"""The model type of such encoders."""


def attention_by_row(config: Any, causal: Tensor, mask: Tensor | None, length: int) -> dict[str, Tensor]:
    """Attention masks for `length` tokens, float32 or bool [B, 1, L, L], by type of layer.

    Rows of `causal` bool [B] see earlier tokens only, the others both sides. `mask` int64 [B, L] is 0 at padding, None
    if there is none.
    """
    position = torch.arange(length, device=causal.device)
    before = position[:, None] - position  # [L, L]: how far the token read is before the token that reads it
    seen = (before >= 0) | ~causal[:, None, None, None]  # [B, 1, L, L]
    if mask is not None:
        seen = seen & mask[:, None, None].bool()
    masks = {"full_attention": seen, "sliding_attention": seen & (before.abs() <= config.sliding_window)}
    if config._attn_implementation == "eager":  # it adds its mask to the scores
        lowest = torch.finfo(torch.float32).min
        return {name: torch.where(allowed, 0.0, lowest) for name, allowed in masks.items()}
    return masks


def as_decoder(model: Any) -> Any:
    """A `ModernBertDecoderForCausalLM` with the weights of a `ModernBertForMaskedLM`."""
    decoder = ModernBertDecoderForCausalLM(converted_config(model.config)).eval()
    decoder.load_state_dict(converted_weights(model.state_dict()))
    return decoder


OTHER = {ModernBertConfig.model_type: ModernBertDecoderConfig, ModernBertDecoderConfig.model_type: ModernBertConfig}
"""The config class of the same layers with the other kind of attention, by model type."""


def converted_config(config: Any) -> Any:
    """The config of the decoder with an encoder's layers, or of the encoder with a decoder's."""
    kind = OTHER[config.model_type]
    known = kind().to_dict().keys() - {"model_type", "architectures", "sliding_window"}
    fields = {name: value for name, value in config.to_dict().items() if name in known}
    window = config.sliding_window + (1 if kind is ModernBertDecoderConfig else -1)
    return kind(**{**fields, "local_attention": 2 * window, "use_cache": False})


def converted_weights(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of an encoder by the names of a decoder, or the other way round."""
    found: dict[str, Tensor] = {}
    for name, weight in weights.items():
        if ".Wqkv." in name:
            for letter, part in zip("qkv", weight.chunk(3), strict=True):
                found[name.replace("Wqkv", f"{letter}_proj")] = part
        elif ".q_proj." in name:
            parts = [weights[name.replace("q_proj", f"{letter}_proj")] for letter in "qkv"]
            found[name.replace("q_proj", "Wqkv")] = torch.cat(parts)
        elif name.startswith("head."):
            found[f"lm_{name}"] = weight
        elif ".k_proj." not in name and ".v_proj." not in name:
            found[name.removeprefix("lm_") if name.startswith("lm_head.") else name] = weight
    return found
