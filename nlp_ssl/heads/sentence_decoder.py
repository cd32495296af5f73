"""A small decoder that predicts a text from one vector of an encoder.

With skip-thought it predicts a sentence from the vector of its neighbour (Kiros et al. 2015, section 2.1). With TSDAE
it predicts a text from the vector of its remaining words (Wang et al. 2021, section 3).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.heads._language import language_loss
from nlp_ssl.heads.base import Encode, Head, LossSum, TargetTensors
from nlp_ssl.models.architectures import DEFAULT_ARCHITECTURE, gated_size
from nlp_ssl.models.parts import detach_body
from nlp_ssl.models.pooling import mean_pooled
from nlp_ssl.objectives.mixture import Loss
from nlp_ssl.objectives.skip_thought import SkipThought
from nlp_ssl.objectives.tsdae import TSDAE


class SentenceDecoder(Head):
    """A decoder whose first input is a vector of the encoder instead of [CLS]. It is not saved."""

    name = "sentence_decoder"

    def __init__(self, config: Any, body: Any, carrier: Any, loss: Loss, vocabulary: Vocabulary) -> None:
        super().__init__(config, body, carrier, loss, vocabulary)
        objective = loss.objective
        assert isinstance(objective, SkipThought | TSDAE)
        self.reads_cls = isinstance(objective, TSDAE) and objective.vector == "cls"
        own = AutoConfig.for_model(
            DEFAULT_ARCHITECTURE["decoder"],
            vocab_size=config.vocab_size,
            hidden_size=config.hidden_size,
            num_hidden_layers=objective.decoder_layers,
            num_attention_heads=config.hidden_size // 64,
            intermediate_size=gated_size(config.hidden_size),
            max_position_embeddings=config.max_position_embeddings,
            **{f"{role}_token_id": getattr(config, f"{role}_token_id") for role in ("pad", "bos", "eos", "cls", "sep")},
            use_cache=False,
        )
        embedding = body.get_input_embeddings()
        self.language_head = AutoModelForCausalLM.from_config(own)
        self.decoder = self.language_head.base_model
        self.decoder.set_input_embeddings(embedding)
        self.language_head.get_output_embeddings().weight = embedding.weight
        detach_body(self.language_head)

    def body_modules(self) -> list[nn.Module]:
        """The decoder."""
        return [self.decoder]

    def loss(self, loss: Loss, encode: Encode, targets: TargetTensors, generator: torch.Generator) -> LossSum:
        """Cross-entropy; in evaluation also accuracy."""
        states = encode().last_hidden_state  # [B, L, H]
        vector = states[:, 0] if self.reads_cls else mean_pooled(states, encode.attention_mask())  # [B, H]
        written = self.decoder.get_input_embeddings()(targets["decoder_input_ids"][:, 1:])
        hidden = self.decoder(inputs_embeds=torch.cat([vector[:, None].to(written.dtype), written], 1))[0]  # [B, T, H]
        hidden = hidden.flatten(0, 1)[targets["positions"]]
        return language_loss(self.language_head, hidden, targets["labels"], self.unknown)
