"""Split transformers models into body and head, and reassemble them.

During training a head runs only on the hidden states at target positions. With 15 % of the tokens masked, the
projection to the vocabulary costs a seventh. The head runs the same code as a model from `from_pretrained`.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModel, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutputWithPoolingAndCrossAttentions, Seq2SeqModelOutput

from nlp_ssl.models.vocabulary_loss import chunks


class PassThrough(nn.Module):
    """Replaces the body inside a head: returns `inputs_embeds`, which are body outputs or hidden states [B, L, H].

    In place of T5's decoder it returns `encoder_hidden_states`, which the one in place of the encoder was given.
    """

    def __init__(self, encoder_decoder: bool) -> None:
        super().__init__()
        self.outputs = Seq2SeqModelOutput if encoder_decoder else BaseModelOutputWithPoolingAndCrossAttentions

    def forward(self, *_: Any, inputs_embeds: Any = None, encoder_hidden_states: Any = None, **__: Any) -> Any:
        """Return what it was given, wrapped as body outputs if it is a tensor."""
        given = inputs_embeds if encoder_hidden_states is None else encoder_hidden_states
        return self.outputs(last_hidden_state=given) if isinstance(given, Tensor) else given


def detach_body(model: Any) -> Any:
    """Replace the body of a transformers model by a `PassThrough` and return the body.

    T5's language model has no body but embeddings, an encoder and a decoder of its own. They become a body.
    """
    body = model.base_model
    if body is not model:
        setattr(model, model.base_model_prefix, PassThrough(bool(model.config.is_encoder_decoder)))
        return body
    with torch.device("meta"):
        shell: Any = AutoModel.from_config(model.config)
    shell.config = model.config
    body = with_children(shell, {name: model._modules[name] for name in shell._modules})
    for name, child in body.named_children():
        setattr(model, name, PassThrough(False) if isinstance(child, PreTrainedModel) else None)
    return body


def with_children(module: Any, children: Mapping[str, nn.Module | None]) -> Any:
    """A shallow copy of a module with some children replaced. Shares all other weights with the original."""
    twin = copy(module)
    twin._modules = module._modules | children
    return twin


def assembled(head: Any, body: Any, pooler: bool) -> Any:
    """Combine a head without a body (`detach_body`) and a body into a transformers model that shares their weights.

    With `pooler=False` the body's pooler is left out.
    """
    if not pooler and "pooler" in body._modules:
        body = with_children(body, {"pooler": None})
    if head.base_model_prefix not in head._modules:
        return with_children(head, body._modules)
    return with_children(head, {head.base_model_prefix: body})


def logits_of(head: Any, hidden: Tensor) -> Tensor:
    """Logits [T, V] of a language model head without a body, from hidden states [T, H]."""
    logits: Tensor = head(inputs_embeds=hidden[None]).logits[0]
    return logits


class TokenScorer(nn.Module):
    """Scores tokens at given positions with a transformers language model. Detaches the body of `model`."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.head, self.body = model, detach_body(model)

    @torch.no_grad()
    def forward(
        self, input_ids: Tensor, targets: Tensor, positions: Tensor, attention_mask: Tensor | None = None
    ) -> Tensor:
        """The log-probability of each target in nats, float32 [T].

        `input_ids` and `attention_mask` [B, L]; `targets` [T]; `positions` [T] index the flattened [B * L] positions.
        All int64.
        """
        outputs = self.body(input_ids=input_ids, attention_mask=attention_mask)
        hidden = outputs.last_hidden_state.flatten(0, 1)[positions]  # [B * L, H] -> [T, H]
        losses = [
            nn.functional.cross_entropy(logits_of(self.head, hidden[part]).float(), targets[part], reduction="none")
            for part in chunks(targets, self.head.config.vocab_size)
        ]
        return -torch.cat(losses)
