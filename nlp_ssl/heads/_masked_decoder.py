"""Base class of the heads whose own small decoder fills in masked tokens."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModelForMaskedLM

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import InputError, cut
from nlp_ssl.heads._language import language_loss
from nlp_ssl.heads.base import Head, LossSum, TargetTensors
from nlp_ssl.models.parts import detach_body
from nlp_ssl.objectives.mixture import Loss


class MaskedDecoder(Head):
    """A decoder with layers like the body's and attention to both sides. It predicts with the body's embeddings.

    It is not saved. InputError if the architecture has no such layers, or embeddings of another width than its states.
    """

    def __init__(
        self, config: Any, body: Any, carrier: Any, loss: Loss, vocabulary: Vocabulary, *, decoder_layers: int
    ) -> None:
        super().__init__(config, body, carrier, loss, vocabulary)
        self.mask = vocabulary.mask
        table, architecture = body.get_input_embeddings(), f"model.architecture is {config.model_type!r}"
        if not isinstance(table, nn.Embedding) or table.embedding_dim != config.hidden_size:
            raise InputError(
                f"{architecture}: {loss.objective.name} needs token embeddings as wide as the hidden states; use 'auto'"
            )
        own = type(config).from_dict(config.to_dict())
        try:
            own.num_hidden_layers = decoder_layers
            if getattr(own, "layer_types", None):
                own.layer_types = own.layer_types[:1] * decoder_layers
            self.language_head = AutoModelForMaskedLM.from_config(own)
            self.decoder = self.language_head.base_model
            # The decoder takes `inputs_embeds`, so its own embedding table is a placeholder.
            self.decoder.set_input_embeddings(nn.Embedding(1, config.hidden_size).requires_grad_(False))
            with torch.no_grad():
                self.decoder.eval()(inputs_embeds=torch.zeros(1, 2, config.hidden_size))
        except Exception as error:  # each architecture fails in its own way
            reason = cut(error, 100) or type(error).__name__
            raise InputError(
                f"{architecture}: {loss.objective.name} cannot make a decoder of its layers: {reason}; use 'auto'"
            ) from None
        self.decoder.train()
        self.language_head.get_output_embeddings().weight = table.weight
        detach_body(self.language_head)

    def body_modules(self) -> list[nn.Module]:
        """The decoder."""
        return [self.decoder]

    def filled(self, read: Tensor, mask: Tensor | None, targets: TargetTensors) -> LossSum:
        """The loss of the targets from what the decoder reads [B, L, H]; `mask` [B, L] is 0 at padding."""
        states = self.decoder(inputs_embeds=read, attention_mask=mask).last_hidden_state  # [B, L, H]
        hidden = states.flatten(0, 1)[targets["positions"]]
        return language_loss(self.language_head, hidden, targets["labels"], self.unknown)
