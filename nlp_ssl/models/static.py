"""Static vectors: a vector for each word, whatever is around it.

Models in transformers' format; importing this module makes transformers' auto classes know them. word2vec has two
tables: `vectors`, the ones that are used afterwards, and `contexts`, which words are told apart with.
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
    AutoModelForTokenClassification,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import (
    BaseModelOutput,
    MaskedLMOutput,
    SequenceClassifierOutput,
    TokenClassifierOutput,
)
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


def words_of(config: Any, input_ids: Tensor, attention_mask: Tensor | None) -> Tensor:
    """Which of the ids [B, L] are words, bool [B, L]: neither padding nor the special tokens around a text."""
    names = ("pad_token_id", "cls_token_id", "sep_token_id", "bos_token_id", "eos_token_id")
    special = {getattr(config, name, None) for name in names} - {None}
    words = ~torch.isin(input_ids, torch.tensor(sorted(special), device=input_ids.device))
    return words if attention_mask is None else words & attention_mask.bool()


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
        words = words_of(self.config, input_ids, attention_mask)
        share = words / words.sum(1, keepdim=True).clamp(min=1)  # [B, L]
        mean = (share[:, None] @ self.body(input_ids).last_hidden_state)[:, 0]  # [B, H]
        return SequenceClassifierOutput(logits=self.classifier(self.dropout(mean)))


class StaticVectorsForTokenClassification(_StaticVectors):
    """A linear layer on each word's vector: `logits` [B, L, labels]."""

    def __init__(self, config: StaticVectorsConfig) -> None:
        super().__init__(config)
        self.body = StaticVectorsModel(config)
        self.dropout = nn.Dropout(config.classifier_dropout)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        self.post_init()

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, **_: Any) -> TokenClassifierOutput:
        """`input_ids` int64 [B, L]."""
        return TokenClassifierOutput(logits=self.classifier(self.dropout(self.body(input_ids).last_hidden_state)))


def _make_auto_class(name: str, doc: str) -> Any:
    """A new auto class, like transformers' own `AutoModelFor…`. transformers has no public function for this."""
    mapping = _LazyAutoMapping(CONFIG_MAPPING_NAMES, OrderedDict())
    return type(name, (_BaseAutoModelClass,), {"__doc__": doc, "__module__": __name__, "_model_mapping": mapping})


AutoModelForNegativeSampling = _make_auto_class(
    "AutoModelForNegativeSampling", "Word vectors with the context vectors that they are trained against."
)

AutoConfig.register("static_vectors", StaticVectorsConfig)
AutoModel.register(StaticVectorsConfig, StaticVectorsModel)
AutoModelForNegativeSampling.register(StaticVectorsConfig, StaticVectorsForNegativeSampling)
AutoModelForSequenceClassification.register(StaticVectorsConfig, StaticVectorsForSequenceClassification)
AutoModelForTokenClassification.register(StaticVectorsConfig, StaticVectorsForTokenClassification)
