"""What objectives know of a tokenizer: its size, its special tokens, where words begin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.store import Corpus


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """A vocabulary as arrays. `cls` and `sep` also begin and end a document for a decoder."""

    size: int
    pad: int
    unk: int
    cls: int
    sep: int
    mask: int
    word_starts: npt.NDArray[np.bool_]  # [size]: does a token begin a word?

    @classmethod
    def of(cls, corpus: Corpus) -> Vocabulary:
        """The vocabulary of a prepared corpus."""
        return cls(size=corpus.vocab_size, word_starts=corpus.word_starts, **corpus.manifest["special_ids"])

    @cached_property
    def special(self) -> npt.NDArray[np.bool_]:
        """[size]: is a token special, hence never corrupted and never a random replacement?"""
        special = np.zeros(self.size, np.bool_)
        special[[self.pad, self.cls, self.sep, self.mask]] = True
        return special

    @cached_property
    def ordinary(self) -> npt.NDArray[np.int64]:
        """The tokens that a random replacement is drawn from, ascending."""
        ordinary = ~self.special
        ordinary[self.unk] = False
        return np.flatnonzero(ordinary)
