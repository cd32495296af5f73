"""A corpus's tokens as arrays, for objectives: special tokens, word starts, surfaces, counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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

    @classmethod
    def of(cls, corpus: Corpus) -> Vocabulary:
        """The vocabulary of a prepared corpus."""
        from nlp_ssl.corpus import tokenizer

        size = corpus.vocab_size
        counts = [np.bincount(shard.tokens, minlength=size) for shard in corpus.shards("train")]
        return cls(
            size=size,
            word_starts=corpus.word_starts,
            surfaces=tokenizer.surfaces(tokenizer.load_tokenizer(corpus.tokenizer_folder), size),
            counts=np.sum(counts, axis=0, dtype=np.int64) if counts else np.zeros(size, np.int64),
            emoji=corpus.manifest["emoji_ids"],
            **corpus.manifest["special_ids"],
        )

    @cached_property
    def special(self) -> npt.NDArray[np.bool_]:
        """bool[size]: whether a token is special; special tokens are never corrupted and never random replacements."""
        special = np.zeros(self.size, np.bool_)
        special[[self.pad, self.cls, self.sep, self.mask]] = True
        return special

    @cached_property
    def ordinary(self) -> npt.NDArray[np.int64]:
        """int64[ordinary]: the ids that random replacements are drawn from, ascending."""
        ordinary = ~self.special
        ordinary[self.unk] = False
        return np.flatnonzero(ordinary)

    @cached_property
    def pieces(self) -> Pieces:
        """The pieces of words in each token."""
        return Pieces.of(self.surfaces, self.word_starts)
