"""Shared code of the objectives on two views of a text.

Views are whole sentences and do not overlap. An example is a pair, split at a uniformly drawn sentence boundary, anew
in every epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.objectives._denoising import cut_width, moved
from nlp_ssl.objectives.base import Objective
from nlp_ssl.sampling.batch import Batch, View
from nlp_ssl.sampling.examples import Body, ExampleIndex, TokenStream, find_examples
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import BatchTargets


@dataclass(frozen=True, kw_only=True)
class TwoViews(Objective):
    """Base of the objectives on two views: splits each pair into "main" and "other". There is one target."""

    views: Literal["neighbours", "anywhere", "sentence", "columns"] = "neighbours"
    """The two views: adjacent runs of sentences, runs anywhere in the example, a sentence and the next one, or two
    columns of a table (prepare --pair-columns)."""

    example_type: ClassVar = "pair"
    body: ClassVar = "encoder"
    before_masking: ClassVar = True
    saves_heads: ClassVar = False
    trains_tasks: ClassVar = ("next_sentence",)

    @property
    def needs(self) -> str:  # type: ignore[override]
        """What a corpus must have."""
        if self.views == "columns":
            return "documents of two columns (prepare --pair-columns)"
        fits = "raise --batch.max-length, or prepare longer documents"
        return f"two sentences in a row that fit into one example ({fits})"

    def examples(self, text: TokenStream, vocabulary: Vocabulary, body: Body, max_length: int) -> ExampleIndex:
        """Pairs whose class is their document."""
        columns = self.views == "columns"
        exactly = 2 if columns or self.views == "sentence" else 0
        pairs = find_examples(text, self.example_type, body, max_length, self.sentences, exactly, cut_last=columns)
        if columns and any((np.diff(shard.document_offsets) != 2).any() for shard in text.shards):
            pairs = pairs.take(np.arange(0))
        return replace(pairs, example_class=text.document_of(pairs.start))

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Split each pair into two views."""
        if self.views == "anywhere":
            batch = shortened(batch, vocabulary, noise)
        second = np.count_nonzero(batch.token_type_ids, axis=1)  # [B] B and its [SEP]
        first = batch.length - second  # [CLS] A [SEP]
        position = np.arange(batch.ids.shape[1])
        everywhere = np.broadcast_to(position, batch.ids.shape)
        shifted = np.take_along_axis(batch.ids, np.minimum(everywhere + first[:, None] - 1, position[-1]), 1)
        shifted[:, 0] = vocabulary.cls
        shifted[position >= second[:, None] + 1] = vocabulary.pad
        other = View(ids=shifted[:, : cut_width(second + 1)], length=second + 1)
        main = moved(batch, everywhere, first, vocabulary)
        targets = BatchTargets(valid=np.ones(len(batch.ids), np.bool_), group=batch.example_class)
        (name,) = self.heads
        return replace(main, views={**batch.views, "other": other}).with_target(name, targets)


def shortened(batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
    """Pairs with a run of sentences in place of each part, of uniform length and place."""
    sentence = batch.sentence.astype(np.int64)
    keep = (sentence < 0) & (np.arange(batch.ids.shape[1]) < batch.length[:, None])  # [B, L] special tokens
    for part in (0, 1):
        inside = (sentence >= 0) & (batch.token_type_ids == part)
        begin = np.min(sentence, axis=1, where=inside, initial=np.iinfo(np.int16).max)  # [B]
        count = np.max(sentence, axis=1, where=inside, initial=-1) - begin + 1
        length = 1 + noise.integers(f"length of view {part}", count)
        first = (begin + noise.integers(f"place of view {part}", count - length + 1))[:, None]
        keep |= inside & (sentence >= first) & (sentence < first + length[:, None])
    source = np.argsort(~keep, axis=1, kind="stable")
    return moved(batch, source, np.count_nonzero(keep, axis=1), vocabulary)
