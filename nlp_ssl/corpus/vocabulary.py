"""A corpus's tokens as arrays, for objectives: special tokens, word starts, surfaces, counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.words import Pieces


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """A vocabulary as arrays. For a decoder, `cls` and `sep` also mark the beginning and end of a document."""

    size: int
    pad: int
    unk: int
    cls: int
    sep: int
    mask: int
    word_starts: npt.NDArray[np.bool_]  # [size]: whether a token begins a word
    surfaces: tuple[str, ...]  # [size]: the characters of each token, "" for special ones
    counts: npt.NDArray[np.int64]  # [size]: occurrences in the training split
    emoji: Mapping[str, int]  # ids of the tokens that are one emoji
    documents: int = 0  # in the training split
    sentinels: tuple[int, ...] = ()  # ids of the sentinel tokens, in order
    modes: Mapping[str, int] = field(default_factory=dict)  # ids of the mode tokens, by name
    unused: tuple[int, ...] = ()  # ids that no text gives: those without a token, and special tokens without a role

    @classmethod
    def of(cls, corpus: Corpus) -> Vocabulary:
        """The vocabulary of a prepared corpus."""
        from nlp_ssl.corpus import tokenizer

        size, model = corpus.vocab_size, tokenizer.load_backend_tokenizer(corpus.tokenizer_folder)
        shards = corpus.shards("train")
        counts = [np.bincount(shard.tokens, minlength=size) for shard in shards]
        return cls(
            size=size,
            word_starts=corpus.word_starts,
            surfaces=tokenizer.surfaces(model, size),
            counts=np.sum(counts, axis=0, dtype=np.int64) if counts else np.zeros(size, np.int64),
            emoji=corpus.manifest["emoji_ids"],
            documents=sum(len(shard.document_offsets) - 1 for shard in shards),
            sentinels=tuple(corpus.manifest.get("sentinel_ids", ())),  # corpora of earlier versions have none
            modes=corpus.manifest.get("mode_ids", {}),
            unused=tokenizer.unused_ids(model, corpus.manifest["special_ids"].values()),
            **corpus.manifest["special_ids"],
        )

    @cached_property
    def special(self) -> npt.NDArray[np.bool_]:
        """bool[size]: whether a token is special; special tokens are never corrupted and never random replacements."""
        special = np.zeros(self.size, np.bool_)
        special[[self.pad, self.cls, self.sep, self.mask, *self.unused]] = True
        return special

    @cached_property
    def ordinary(self) -> npt.NDArray[np.int64]:
        """int64[ordinary]: the ids that random replacements are drawn from, ascending."""
        ordinary = ~self.special
        ordinary[self.unk] = False
        return np.flatnonzero(ordinary)

    @cached_property
    def _cumulative(self) -> npt.NDArray[np.int64]:
        """int64[ordinary]: the occurrences of each ordinary token and those before it."""
        return np.cumsum(self.counts[self.ordinary])

    def draw(self, bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
        """Draw an ordinary token for each 64 random bits, in proportion to counts. int64, the shape of `bits`."""
        place = (bits >> np.uint64(11)) * (2.0**-53 * self._cumulative[-1])  # in [0, occurrences)
        drawn = np.searchsorted(self._cumulative, place, side="right")
        found: npt.NDArray[np.int64] = self.ordinary[np.minimum(drawn, len(self.ordinary) - 1)]
        return found

    @cached_property
    def pieces(self) -> Pieces:
        """The pieces of words in each token."""
        return Pieces.of(self.surfaces, self.word_starts)
