"""Token classifiers for architectures that transformers does not cover: BART, mBART and static vectors.

For BART and mBART a linear layer runs on the encoder, whose attention is bidirectional. The decoder is kept, unused and
frozen. Importing this module registers the classes with `AutoModelForTokenClassification`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor, nn
from transformers import (
    AutoModelForTokenClassification,
    BartConfig,
    BartModel,
    BartPreTrainedModel,
    MBartConfig,
    MBartModel,
    MBartPreTrainedModel,
)
from transformers.modeling_outputs import TokenClassifierOutput

from nlp_ssl.models.static import StaticVectorsConfig, StaticVectorsForTokenClassification


class _OnEncoder:
    """Mixin: a linear classifier on an encoder-decoder's encoder."""

    _tied_weights_keys: ClassVar = {
        "model.decoder.embed_tokens.weight": "model.shared.weight",
        "model.encoder.embed_tokens.weight": "model.shared.weight",
    }
    model: Any

    def _add_classifier(self, config: Any) -> None:
        self.dropout = nn.Dropout(config.classifier_dropout)
        self.classifier = nn.Linear(config.d_model, config.num_labels)
        for weight in self.model.decoder.parameters():
            weight.requires_grad_(weight is self.model.shared.weight)

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, **_: Any) -> TokenClassifierOutput:
        """`logits` [B, L, labels] from `input_ids` int64 [B, L]; `attention_mask` [B, L] is 0 at padding."""
        states = self.model.get_encoder()(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return TokenClassifierOutput(logits=self.classifier(self.dropout(states)))


class BartForTokenClassification(_OnEncoder, BartPreTrainedModel):  # type: ignore[misc]
    """BART's encoder with a linear layer on each token."""

    def __init__(self, config: BartConfig) -> None:
        super().__init__(config)
        self.model = BartModel(config)
        self._add_classifier(config)
        self.post_init()


class MBartForTokenClassification(_OnEncoder, MBartPreTrainedModel):  # type: ignore[misc]
    """mBART's encoder with a linear layer on each token."""

    def __init__(self, config: MBartConfig) -> None:
        super().__init__(config)
        self.model = MBartModel(config)
        self._add_classifier(config)
        self.post_init()


AutoModelForTokenClassification.register(BartConfig, BartForTokenClassification, exist_ok=True)
AutoModelForTokenClassification.register(MBartConfig, MBartForTokenClassification, exist_ok=True)
AutoModelForTokenClassification.register(StaticVectorsConfig, StaticVectorsForTokenClassification, exist_ok=True)
