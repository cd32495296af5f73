"""Bodies and heads of transformers taken apart, and put together again.

In training the body's hidden states are gathered at the positions that carry loss before the head sees them: with
15 % of the tokens masked, the projection to the vocabulary costs a seventh. So a head runs without its body, on exactly
the code that `from_pretrained` will run.
"""

from __future__ import annotations

from copy import copy
from typing import Any

import torch
from torch import Tensor, nn
from transformers.modeling_outputs import BaseModelOutputWithPoolingAndCrossAttentions, Seq2SeqModelOutput

from nlp_ssl.models.vocabulary_loss import chunks


class PassThrough(nn.Module):
    """Stands in for the body inside a head: returns what it is given as `inputs_embeds`.

    That is the body's outputs, or hidden states [B, L, H].
    """

    def __init__(self, encoder_decoder: bool) -> None:
        super().__init__()
        self.outputs = Seq2SeqModelOutput if encoder_decoder else BaseModelOutputWithPoolingAndCrossAttentions

    def forward(self, *_: Any, inputs_embeds: Any, **__: Any) -> Any:
        """Return the argument, as outputs of a body."""
        if isinstance(inputs_embeds, Tensor):
            return self.outputs(last_hidden_state=inputs_embeds)
        return inputs_embeds


def detach_body(model: Any) -> Any:
    """Take the body out of a model of transformers and leave a `PassThrough` there; returns the body."""
    body = model.base_model
    setattr(model, model.base_model_prefix, PassThrough(bool(model.config.is_encoder_decoder)))
    return body


def with_child(module: Any, name: str, child: nn.Module | None) -> Any:
    """A copy of a module in which one child is another; all weights are shared with the original."""
    twin = copy(module)
    twin._modules = module._modules | {name: child}
    return twin


def assembled(head: Any, body: Any, pooler: bool) -> Any:
    """A model of transformers made of a head without its body (`detach_body`) and a body, sharing their weights.

    `pooler` says whether the head uses the body's pooler, which is left out otherwise.
    """
    if not pooler and "pooler" in body._modules:
        body = with_child(body, "pooler", None)
    return with_child(head, head.base_model_prefix, body)


def logits_of(head: Any, hidden: Tensor) -> Tensor:
    """The logits [T, V] of a language head without its body, from hidden states [T, H]."""
    logits: Tensor = head(inputs_embeds=hidden[None]).logits[0]
    return logits


class TokenScorer(nn.Module):
    """A language model of transformers that scores tokens at some positions. It takes `model` apart."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.head, self.body = model, detach_body(model)

    @torch.no_grad()
    def forward(
        self, input_ids: Tensor, targets: Tensor, positions: Tensor, attention_mask: Tensor | None = None
    ) -> Tensor:
        """The log-probability of each target [T], in nats, float32.

        `input_ids` and `attention_mask` [B, L]; `targets` [T] at `positions` [T] in the flattened rows. All int64.
        """
        outputs = self.body(input_ids=input_ids, attention_mask=attention_mask)
        hidden = outputs.last_hidden_state.flatten(0, 1)[positions]  # [B * L, H] -> [T, H]
        losses = [
            nn.functional.cross_entropy(logits_of(self.head, hidden[part]).float(), targets[part], reduction="none")
            for part in chunks(targets, self.head.config.vocab_size)
        ]
        return -torch.cat(losses)
