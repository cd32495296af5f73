"""Static vectors: a vector for each word, whatever is around it.

Models in transformers' format; importing this module makes `AutoConfig`, `AutoModel` and
`AutoModelForSequenceClassification` know them. word2vec has two tables: `vectors`, the ones that are used afterwards,
and `contexts`, which words are told apart with.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import BaseModelOutput, MaskedLMOutput, SequenceClassifierOutput
from transformers.models.auto.auto_factory import _BaseAutoModelClass, _LazyAutoMapping
from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES


class StaticVectorsConfig(PretrainedConfig):  # type: ignore[misc]
    """`vocab_size` words with vectors of `hidden_size` numbers."""

    model_type = "static_vectors"

    def __init__(
        self, vocab_size: int = 30522, hidden_size: int = 100, classifier_dropout: float = 0.0, **others: Any
    ) -> None:
        self.vocab_size, self.hidden_size, self.classifier_dropout = vocab_size, hidden_size, classifier_dropout
        super().__init__(**{"tie_word_embeddings": False, **others})


class Contexts(nn.Embedding):
    """What vectors are trained against."""


class _StaticVectors(PreTrainedModel):  # type: ignore[misc]
    config_class = StaticVectorsConfig
    base_model_prefix = "body"

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        """As word2vec's: vectors within ±0.5 / hidden_size, contexts 0; a classifier as BERT's."""
        if isinstance(module, Contexts):
            nn.init.zeros_(module.weight)
        elif isinstance(module, nn.Embedding):
            bound = 0.5 / self.config.hidden_size
            nn.init.uniform_(module.weight, -bound, bound)
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.02)
            nn.init.zeros_(module.bias)


class StaticVectorsModel(_StaticVectors):
    """The vector of each token: `last_hidden_state` [B, L, H]."""

    def __init__(self, config: StaticVectorsConfig) -> None:
        super().__init__(config)
        self.vectors = nn.Embedding(config.vocab_size, config.hidden_size)
        self.post_init()

    def get_input_embeddings(self) -> nn.Embedding:
        """The vectors."""
        return self.vectors

    def set_input_embeddings(self, vectors: nn.Embedding) -> None:
        """Put other vectors in their place."""
        self.vectors = vectors

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, **_: Any) -> BaseModelOutput:
        """`input_ids` int64 [B, L]. The mask changes nothing: a word's vector is its own."""
        return BaseModelOutput(last_hidden_state=self.vectors(input_ids))


class StaticVectorsForNegativeSampling(_StaticVectors):
    """Vectors and contexts: `logits` [B, L, V], how well each word goes with that at each position."""

    def __init__(self, config: StaticVectorsConfig) -> None:
        super().__init__(config)
        self.body = StaticVectorsModel(config)
        self.contexts = Contexts(config.vocab_size, config.hidden_size)
        self.post_init()

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, **_: Any) -> MaskedLMOutput:
        """`input_ids` int64 [B, L]."""
        vectors = self.body(input_ids).last_hidden_state
        return MaskedLMOutput(logits=vectors @ self.contexts.weight.T)


class StaticVectorsForSequenceClassification(_StaticVectors):
    """The mean of a text's vectors, special tokens and padding left out, and a linear layer: `logits` [B, labels]."""

    def __init__(self, config: StaticVectorsConfig) -> None:
        super().__init__(config)
        self.body = StaticVectorsModel(config)
        self.dropout = nn.Dropout(config.classifier_dropout)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        self.post_init()

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, **_: Any) -> SequenceClassifierOutput:
        """`input_ids` int64 [B, L], `attention_mask` [B, L] 0 at padding."""
        names = ("pad_token_id", "cls_token_id", "sep_token_id", "bos_token_id", "eos_token_id")
        special = {getattr(self.config, name, None) for name in names} - {None}
        words = ~torch.isin(input_ids, torch.tensor(sorted(special), device=input_ids.device))
        if attention_mask is not None:
            words &= attention_mask.bool()
        share = words / words.sum(1, keepdim=True).clamp(min=1)  # [B, L]
        mean = (share[:, None] @ self.body(input_ids).last_hidden_state)[:, 0]  # [B, H]
        return SequenceClassifierOutput(logits=self.classifier(self.dropout(mean)))


class AutoModelForNegativeSampling(_BaseAutoModelClass):  # type: ignore[misc]
    """transformers has no such class of its own: vectors with the contexts that they are trained against."""

    _model_mapping = _LazyAutoMapping(CONFIG_MAPPING_NAMES, OrderedDict())


AutoConfig.register("static_vectors", StaticVectorsConfig)
AutoModel.register(StaticVectorsConfig, StaticVectorsModel)
AutoModelForNegativeSampling.register(StaticVectorsConfig, StaticVectorsForNegativeSampling)
AutoModelForSequenceClassification.register(StaticVectorsConfig, StaticVectorsForSequenceClassification)


def negative_sampling(
    kind: str, ids: Tensor, vectors: Tensor, contexts: nn.Embedding, windows: Tensor, negatives: Tensor, weight: float
) -> Tensor:
    """Figures [3] of "cbow" or "skip_gram" in rows of words, in float32: the logistic loss of telling real words from
    others, summed over the targets; in evaluation how many real ones score no less than all others of their row; 0.

    `ids` [B, L]; `vectors` [B, L, H] theirs; `windows` [2, B, L], how many words to the left and right are a
    word's context; `negatives` [B, K], each of which counts `weight`, except where it is the word itself.
    """
    left, right = windows
    place = torch.arange(ids.shape[1], device=ids.device)
    offset = place - place[:, None]  # [L, L]: how far to the right of the first is the second
    inside = (offset >= -left[..., None]) & (offset <= right[..., None]) & (offset != 0)
    context = inside.float()  # [B, L, L]: is the second in the window of the first?
    others = (ids[..., None] != negatives[:, None]).float()  # [B, L, K]: is the negative another word?
    # Looked up together, as each look-up has a gradient of the whole table's size.
    real, drawn = contexts(torch.cat([ids, negatives], 1)).tensor_split([ids.shape[1]], 1)  # [B, L, H], [B, K, H]
    if kind == "cbow":
        size = (left + right)[..., None]  # [B, L, 1]
        mean = context @ vectors / size.clamp(min=1)
        score, targets = (mean * real).sum(-1, keepdim=True), (size > 0).float()  # [B, L, 1] each
        against, weights = mean @ drawn.mT, others * targets  # [B, L, K] each
    else:
        score, targets = vectors @ real.mT, context.mT  # [B, L, L]: of the vectors of the first, words of the second
        against, weights = vectors @ drawn.mT, context.mT @ others  # [B, L, K] each: over the words it is a context of
    softplus = nn.functional.softplus
    loss = (softplus(-score) * targets).sum() + weight * (softplus(against) * weights).sum()
    if torch.is_grad_enabled():
        return torch.stack([loss, *loss.new_zeros(2)])
    right_ones = ((score >= against.amax(-1, keepdim=True)) * targets).sum()
    return torch.stack([loss, right_ones, loss.new_zeros(())])
