"""A weak decoder that fills in a text with the help of its vector (Xiao et al. 2022, section 3.2).

The decoder reads the view "decoder", in which many tokens are masked, and the encoder's output at [CLS] of the view
"main" in place of its own [CLS].
"""

from __future__ import annotations

from typing import Any

import torch

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.heads._masked_decoder import MaskedDecoder
from nlp_ssl.heads.base import Encode, LossSum, TargetTensors
from nlp_ssl.objectives.mixture import Loss
from nlp_ssl.objectives.retromae import RetroMAE


class BottleneckDecoder(MaskedDecoder):
    """A decoder of token embeddings and one vector of the encoder."""

    name = "bottleneck_decoder"

    def __init__(self, config: Any, body: Any, carrier: Any, loss: Loss, vocabulary: Vocabulary) -> None:
        objective = loss.objective
        assert isinstance(objective, RetroMAE)
        super().__init__(config, body, carrier, loss, vocabulary, decoder_layers=objective.decoder_layers)
        self.embedding = body.get_input_embeddings()  # shared

    def loss(self, loss: Loss, encode: Encode, targets: TargetTensors, generator: torch.Generator) -> LossSum:
        """Cross-entropy of the decoder's masked tokens; in evaluation also accuracy."""
        vector = encode().last_hidden_state[:, :1]  # [B, 1, H]
        words = self.embedding(encode.views["decoder"]["input_ids"][:, 1:])
        read = torch.cat([vector.to(words.dtype), words], 1)
        return self.filled(read, encode.attention_mask("decoder"), targets)
