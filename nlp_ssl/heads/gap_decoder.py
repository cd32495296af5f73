"""A decoder that fills the gaps between encoded tokens (He et al. 2022, section 3; Meng et al. 2024, section 4).

The body encodes the view "visible". The decoder reads its hidden states at their original positions, and one learned
vector at each gap of the view "main".
"""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import nn

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import InputError
from nlp_ssl.heads._masked_decoder import MaskedDecoder
from nlp_ssl.heads.base import Encode, LossSum, TargetTensors
from nlp_ssl.objectives.mae import MaskedAutoencoder
from nlp_ssl.objectives.mixture import Loss


class GapDecoder(MaskedDecoder):
    """A decoder of hidden states and mask vectors. InputError if the body does not accept position ids."""

    name = "gap_decoder"

    def __init__(self, config: Any, body: Any, carrier: Any, loss: Loss, vocabulary: Vocabulary) -> None:
        objective = loss.objective
        assert isinstance(objective, MaskedAutoencoder)
        super().__init__(config, body, carrier, loss, vocabulary, decoder_layers=objective.decoder_layers)
        if "position_ids" not in inspect.signature(body.forward).parameters:
            raise InputError(
                f"model.architecture is {config.model_type!r}: it does not accept position ids, which mae needs; "
                "use 'auto'"
            )
        self.gap = nn.Parameter(torch.empty(config.hidden_size).normal_(std=0.02))

    def loss(self, loss: Loss, encode: Encode, targets: TargetTensors, generator: torch.Generator) -> LossSum:
        """Cross-entropy of the masked tokens; in evaluation also accuracy."""
        states = encode("visible").last_hidden_state  # [B, V, H]
        gaps = encode.views["main"]["input_ids"] == self.mask  # [B, L]
        nth = ((~gaps).cumsum(1) - 1).clamp(0, states.shape[1] - 1)  # place of each remaining token in the view
        there = states.gather(1, nth[..., None].expand(-1, -1, states.shape[2]))
        read = torch.where(gaps[..., None], self.gap.to(states.dtype), there)
        return self.filled(read, encode.attention_mask(), targets)
