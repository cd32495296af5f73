"""Masked and causal language modelling in one set of weights (GPT-BERT): each example is used in one of two ways.

Paper: Charpentier and Samuel, GPT or BERT: why not both?, BabyLM at CoNLL 2024.

* Causal: each token is predicted from those before it, as in `clm`.
* Masked: tokens are masked as in `mlm`. Each is predicted at the position before it, from both sides (masked next token
  prediction). So both ways the state at a position predicts the next token, with the same head.

Differences:

* The way is drawn for each example and epoch. The authors' code gives each GPU one way.
* Both ways share the batches, so causal examples are not packed. [SEP] ends masked examples, and causal ones only at
  the end of a document; the authors' text has no end token.
* The masking rate is 0.15, as in `mlm`. The paper lowers it from 0.3 to 0.15 during training, as `gpt-bert` does.
* Each loss is a mean over its targets, weighted with the share of its examples, as in the authors' default.

In: a clean batch. Out: targets "mntp" [B, L], the masked tokens one position to the left, in masked rows, and "clm"
[B, L], the next tokens, in causal rows; `ids` with masks, or without the [SEP] of a document that goes on.
Requirements: none. The architecture must be ModernBERT.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import require
from nlp_ssl.objectives.clm import CausalLM
from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.sampling.batch import NO_LABEL, Batch, stack
from nlp_ssl.sampling.examples import Body, ExampleIndex, TokenStream
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import TokenTargets


@dataclass(frozen=True, kw_only=True)
class Hybrid(MaskedLM):
    """Predict next tokens, or masked tokens at the position before them (GPT-BERT)."""

    causal_share: float = 0.5
    """Share of the examples that are read from the left only; the others are masked."""

    name: ClassVar = "hybrid"
    also_bodies: ClassVar[tuple[Body, ...]] = ()
    also_decoder: ClassVar = True
    heads: ClassVar = {"mntp": "next_token_lm", "clm": "next_token_lm"}
    paper: ClassVar = "Charpentier and Samuel, GPT or BERT: why not both?, BabyLM at CoNLL 2024"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 < self.causal_share < 1, "causal_share", self.causal_share, "it must lie between 0 and 1")

    def loss_weights(self) -> dict[str, float]:
        """The share of the examples of each loss."""
        return {"mntp": 1 - self.causal_share, "clm": self.causal_share}

    def examples(self, text: TokenStream, vocabulary: Vocabulary, body: Body, max_length: int) -> ExampleIndex:
        """Segments, with class 1 for those that end their document."""
        found = super().examples(text, vocabulary, body, max_length)
        ends = text.ends_document(found.start, found.length.astype(np.int64))
        return replace(found, example_class=ends.astype(np.int64))

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Draw a way for each row."""
        causal = noise.uniform("way", 1)[:, 0] < self.causal_share
        read, masked = np.flatnonzero(causal), np.flatnonzero(~causal)
        parts = [
            (masked, self._masked(batch.take(masked), vocabulary, noise.take(masked))),
            (read, self._causal(batch.take(read), vocabulary, noise.take(read))),
        ]
        return stack(parts, vocabulary)

    def _masked(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        masked = super().corrupt(batch, vocabulary, noise)
        found = masked.targets["masked_lm"]
        assert isinstance(found, TokenTargets)
        labels = np.full_like(found.labels, NO_LABEL)
        labels[:, :-1] = found.labels[:, 1:]  # [CLS] is never masked
        return replace(masked, targets={**batch.targets, "mntp": TokenTargets(labels=labels)})

    def _causal(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        goes_on = np.flatnonzero(batch.example_class == 0)
        ids, length = batch.ids.copy(), batch.length.copy()
        length[goes_on] -= 1
        ids[goes_on, length[goes_on]] = vocabulary.pad
        found = CausalLM().corrupt(replace(batch, ids=ids, length=length), vocabulary, noise)
        return replace(found, targets={**batch.targets, "clm": found.targets["causal_lm"]})
