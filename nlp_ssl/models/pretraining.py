"""Models for pretraining: a body and a head of transformers, run so that only targets meet the head.

The head is the one of `AutoModelForMaskedLM`, `AutoModelForCausalLM` or `AutoModelForSequenceClassification`,
so what is saved loads with those classes. In training the body's hidden states are gathered at the positions
that carry loss before the head sees them: with 15 % of the tokens masked, the projection to the vocabulary
costs a seventh. This works for any architecture whose head treats positions one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from copy import copy
from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    CONFIG_MAPPING,
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
)
from transformers.modeling_outputs import BaseModelOutputWithPoolingAndCrossAttentions

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import InputError, did_you_mean
from nlp_ssl.objectives.base import Objective
from nlp_ssl.recipe import SIZES, Model

HEADS: Mapping[str, Any] = {
    "masked_lm": AutoModelForMaskedLM,
    "causal_lm": AutoModelForCausalLM,
    "sequence_classification": AutoModelForSequenceClassification,
}
"""The class of transformers that carries each kind of head."""

DEFAULT_ARCHITECTURE = {"encoder": "modernbert", "decoder": "modernbert-decoder"}
"""One architecture, with attention to both sides or to the left alone: nothing else differs between objectives."""

GATED = {"modernbert", "modernbert-decoder", "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "olmo2", "phi3"}
"""Architectures whose feed-forward layer has three matrices; at 8/3 of the width it weighs what two do at 4."""


def configure(model: Model, objective: Objective, vocabulary: Vocabulary, max_length: int) -> Any:
    """The transformers config of a recipe's model. InputError for an architecture that does not fit."""
    architecture = model.architecture
    if architecture == "auto":
        architecture = DEFAULT_ARCHITECTURE[objective.body]
    if architecture not in CONFIG_MAPPING:
        known = did_you_mean(architecture, list(CONFIG_MAPPING))
        raise InputError(f"model.architecture is {architecture!r}: transformers has no such model type: {known}")
    if not _supports(architecture, objective):
        raise InputError(
            f"model.architecture is {architecture!r}: transformers has no {HEADS[objective.head].__name__} of it, "
            f"which this objective trains; leave it at 'auto' for {DEFAULT_ARCHITECTURE[objective.body]}"
        )
    layers, width = SIZES[model.size]
    inner = round(8 / 3 * width / 64) * 64 if architecture in GATED else 4 * width
    shape = {
        "vocab_size": vocabulary.size,
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": width // 64,
        "num_key_value_heads": width // 64,
        "intermediate_size": inner,
        "hidden_dim": inner,  # distilbert's name of it
        "embedding_size": width,
        "max_position_embeddings": max_length + (2 if architecture in ("roberta", "xlm-roberta", "camembert") else 0),
        "type_vocab_size": 2,
    }
    known_fields = _fields(CONFIG_MAPPING[architecture]())
    special = {
        "pad_token_id": vocabulary.pad,
        "bos_token_id": vocabulary.cls,
        "eos_token_id": vocabulary.sep,
        "cls_token_id": vocabulary.cls,
        "sep_token_id": vocabulary.sep,
        "use_cache": False,
    }
    strangers = [key for key in model.config if key not in known_fields]
    if strangers:
        raise InputError(*[f"[model.config] {key}: {did_you_mean(key, sorted(known_fields))}" for key in strangers])
    values = {key: value for key, value in shape.items() if key in known_fields} | special | dict(model.config)
    config = AutoConfig.for_model(architecture, **values)
    set_dropout(config, model.dropout)
    if objective.classes:
        config.num_labels = len(objective.classes)
        config.id2label = dict(enumerate(objective.classes))
        config.label2id = {name: i for i, name in enumerate(objective.classes)}
    return config


def set_dropout(config: Any, share: float) -> None:
    """Set every dropout of a config, whatever the architecture calls it: attention_dropout, resid_pdrop, …"""
    for name, value in config.to_dict().items():
        if "drop" in name and "layerdrop" not in name and isinstance(value, int | float):
            setattr(config, name, share)


def _fields(config: Any) -> set[str]:
    return set(config.to_dict()) | set(config.attribute_map)


def _supports(architecture: str, objective: Objective) -> bool:
    with suppress(KeyError):
        return CONFIG_MAPPING[architecture] in HEADS[objective.head]._model_mapping
    return False


LOGITS_AT_ONCE = (2**23, 2**27)
"""Logits computed together on a CPU (32 MB, near the caches) and on other devices."""


class _Handed(nn.Module):
    """Stands in for the body inside a head: gives back what it is handed, the body's outputs or some hidden
    states."""

    def forward(self, *_: Any, inputs_embeds: Any, **__: Any) -> Any:
        if isinstance(inputs_embeds, Tensor):
            return BaseModelOutputWithPoolingAndCrossAttentions(last_hidden_state=inputs_embeds)
        return inputs_embeds


class _ChunkedLoss(torch.autograd.Function):
    """The summed loss of a vocabulary head, its gradient taken along with it, some targets at a time.

    All logits at once would be the largest arrays of a run by far, written and read several times over: for
    4,096 tokens and 16,384 words on a CPU this halves the time of the head.
    """

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, targets: Tensor, model: PretrainingModel, *parameters: Tensor) -> Tensor:
        total = hidden.new_zeros((), dtype=torch.float32)
        of_hidden = torch.zeros_like(hidden)
        of_parameters = [torch.zeros_like(parameter) for parameter in parameters]
        for part in model._chunks(targets):
            with torch.enable_grad():
                rows = hidden[part].detach().requires_grad_()
                logits = model._logits(rows)
                loss = nn.functional.cross_entropy(logits.float(), targets[part], reduction="sum")
                of_rows, *gradients = torch.autograd.grad(loss, [rows, *parameters])
            of_hidden[part] = of_rows
            for sum_, gradient in zip(of_parameters, gradients, strict=True):
                sum_ += gradient
            total += loss.detach()
        ctx.save_for_backward(of_hidden, *of_parameters)
        return total

    @staticmethod
    def backward(ctx: Any, *of_loss: Tensor) -> tuple[Tensor | None, ...]:
        of_hidden, *of_parameters = ctx.saved_tensors
        scaled = [gradient * of_loss[0] for gradient in of_parameters]
        return of_hidden * of_loss[0], None, None, *scaled


class PretrainingModel(nn.Module):
    """A body and a head; the forward pass gives sums over targets.

    Inputs, of B rows of L tokens with T targets: `input_ids` [B, L]; `attention_mask` [B, L], if any row is
    padded; `token_type_ids` [B, L], if rows have two segments; `targets` [T] the labels (-100 counts
    nothing); `positions` [T] where they are in the flattened rows, absent for a head that labels whole rows,
    where T is B. All int64.
    """

    def __init__(self, config: Any, objective: Objective) -> None:
        super().__init__()
        self._divide(HEADS[objective.head].from_config(config))
        self.labels_rows = bool(objective.classes)

    @classmethod
    def of(cls, whole: Any) -> PretrainingModel:
        """Around a model of transformers that predicts tokens, whose body and head are taken apart."""
        model = cls.__new__(cls)
        nn.Module.__init__(model)
        model._divide(whole)
        model.labels_rows = False
        return model

    def _divide(self, whole: Any) -> None:
        self.head = whole
        name = self.head.base_model_prefix
        self.body = getattr(self.head, name)
        setattr(self.head, name, _Handed())

    def forward(
        self,
        input_ids: Tensor,
        targets: Tensor,
        positions: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """The loss summed over the targets (float32, in nats), and how many of them the model gets right.

        The latter is 0 in training, where it would cost time.
        """
        inputs = {"input_ids": input_ids, "attention_mask": attention_mask}
        if token_type_ids is not None:
            inputs["token_type_ids"] = token_type_ids
        outputs = self.body(**inputs)
        if positions is None:
            logits = self.head(inputs_embeds=outputs, attention_mask=attention_mask).logits  # [B, classes]
            loss = nn.functional.cross_entropy(logits.float(), targets, reduction="sum")
            return loss, (logits.argmax(-1) == targets).sum()
        hidden = outputs.last_hidden_state.flatten(0, 1)[positions]  # [B * L, H] -> [T, H]
        if not torch.is_grad_enabled():
            return self._in_chunks(hidden, targets)
        parameters = [p for p in self.head.parameters() if p.requires_grad]
        loss = _ChunkedLoss.apply(hidden, targets, self, *parameters)  # type: ignore[no-untyped-call]
        return loss, targets.new_zeros(())

    def _chunks(self, targets: Tensor) -> Iterator[slice]:
        """Parts of the targets whose logits make up `LOGITS_AT_ONCE` at most."""
        size = max(1, LOGITS_AT_ONCE[targets.device.type != "cpu"] // self.head.config.vocab_size)
        return (slice(start, start + size) for start in range(0, len(targets), size))

    def _logits(self, hidden: Tensor) -> Tensor:
        """The head's logits [T, V] at positions with the hidden states [T, H]."""
        logits: Tensor = self.head(inputs_embeds=hidden[None]).logits[0]
        return logits

    def _in_chunks(self, hidden: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Loss and correct predictions, without gradients."""
        loss, correct = hidden.new_zeros((), dtype=torch.float32), targets.new_zeros(())
        for part in self._chunks(targets):
            logits = self._logits(hidden[part])
            loss += nn.functional.cross_entropy(logits.float(), targets[part], reduction="sum")
            correct += (logits.argmax(-1) == targets[part]).sum()
        return loss, correct

    @torch.no_grad()
    def log_probabilities(
        self, input_ids: Tensor, targets: Tensor, positions: Tensor, attention_mask: Tensor | None = None
    ) -> Tensor:
        """The logarithm of the probability of each target [T], float32, of a head that predicts tokens."""
        outputs = self.body(input_ids=input_ids, attention_mask=attention_mask)
        hidden = outputs.last_hidden_state.flatten(0, 1)[positions]  # [B * L, H] -> [T, H]
        return -torch.cat(
            [
                nn.functional.cross_entropy(self._logits(hidden[part]).float(), targets[part], reduction="none")
                for part in self._chunks(targets)
            ]
        )

    def one_target(self, input_ids: Tensor) -> tuple[Tensor, Tensor | None]:
        """`targets` and `positions` of the smallest batch there is: one target in one row."""
        first = input_ids.new_zeros(1)
        return first, None if self.labels_rows else first

    def whole(self) -> Any:
        """Body and head as one model of transformers, sharing these weights, to be saved."""
        whole = copy(self.head)  # a copy of the outermost module alone
        whole._modules = dict(self.head._modules) | {self.head.base_model_prefix: self.body}
        return whole
