"""Classifiers of texts and of tokens for architectures that transformers does not cover.

A decoder is classified as transformers does it for others: a text by the state of its last token, a token by its own
state. In an encoder-decoder both are read from the encoder, whose attention is bidirectional: a text by the mean of its
states. The decoder is kept, unused and frozen, so that the weights are those of the whole model.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from transformers import (
    AutoModel,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    PreTrainedModel,
)
from transformers.modeling_layers import GenericForSequenceClassification, GenericForTokenClassification
from transformers.modeling_outputs import SequenceClassifierOutput, TokenClassifierOutput

from nlp_ssl.models.architectures import TESTED
from nlp_ssl.models.auto import has_head, model_class
from nlp_ssl.models.pooling import mean_pooled

_UNFIT = "recurrent_gemma", GenericForSequenceClassification


def add_classifiers(config: Any) -> None:
    """Register classifiers with transformers' auto classes for the architecture of a config, where it has none.

    Only for tested architectures. `recurrent_gemma` gets none of texts: its outputs lack `past_key_values`.
    """
    if not any(config.model_type in types for types in TESTED.values()):
        return
    for auto_class, generic, on_encoder in (
        (AutoModelForSequenceClassification, GenericForSequenceClassification, _TextOnEncoder),
        (AutoModelForTokenClassification, GenericForTokenClassification, _TokensOnEncoder),
    ):
        if not has_head(auto_class, config) and (config.model_type, generic) != _UNFIT:
            what = auto_class.__name__.removeprefix("AutoModel")
            made = _classifier(config, on_encoder if config.is_encoder_decoder else generic, what)
            auto_class.register(type(config), made, exist_ok=True)  # without it, transformers' configs are skipped


def _classifier(config: Any, generic: type, what: str) -> type[PreTrainedModel]:
    """A class of the config's architecture, such as `MarianForTokenClassification`, with the logits of `generic`."""
    body = model_class(AutoModel, config)
    family: type[PreTrainedModel] = next(cls for cls in body.__mro__[1:] if issubclass(cls, PreTrainedModel))
    prefix = family.base_model_prefix
    tied = getattr(body, "_tied_weights_keys", None) or {}
    fields = {
        "__module__": __name__,
        "config_class": type(config),
        "base_model_prefix": prefix,
        "_tied_weights_keys": {f"{prefix}.{weight}": f"{prefix}.{source}" for weight, source in tied.items()},
    }
    made: type[PreTrainedModel] = type(
        family.__name__.removesuffix("PreTrainedModel") + what, (generic, family), fields
    )
    return made


class _OnEncoder:
    """Mixin: a linear classifier on an encoder-decoder's encoder."""

    base_model_prefix: str

    def __init__(self, config: Any) -> None:
        super().__init__(config)  # type: ignore[call-arg]  # of the architecture's family
        body = AutoModel.from_config(config)
        setattr(self, self.base_model_prefix, body)
        self.dropout = nn.Dropout(getattr(config, "classifier_dropout", None) or 0.0)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        read = {id(weight) for weight in body.get_encoder().parameters()}
        for weight in body.parameters():
            weight.requires_grad_(id(weight) in read)
        self.post_init()  # type: ignore[attr-defined]

    def _states(self, input_ids: Tensor, attention_mask: Tensor | None) -> Tensor:
        body = getattr(self, self.base_model_prefix)
        found: Tensor = body.get_encoder()(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return found


class _TokensOnEncoder(_OnEncoder):
    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, **_: Any) -> TokenClassifierOutput:
        """`logits` [B, L, labels] from `input_ids` int64 [B, L]; `attention_mask` [B, L] is 0 at padding."""
        return TokenClassifierOutput(logits=self.classifier(self.dropout(self._states(input_ids, attention_mask))))


class _TextOnEncoder(_OnEncoder):
    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, **_: Any) -> SequenceClassifierOutput:
        """`logits` [B, labels] from `input_ids` int64 [B, L]; `attention_mask` [B, L] is 0 at padding."""
        pooled = mean_pooled(self._states(input_ids, attention_mask), attention_mask)
        return SequenceClassifierOutput(logits=self.classifier(self.dropout(pooled)))
