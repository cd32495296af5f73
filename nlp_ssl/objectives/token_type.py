"""Token type prediction: predict whether masked tokens are stop words, other words, numbers or punctuation.

Paper: Yamaguchi et al., Frustratingly Simple Pretraining Alternatives to Masked Language Modeling, EMNLP 2021.

Differences: The paper has a list of English stop words. Here they are the most frequent words or pieces of words of the
corpus, without regard to case, so no language needs a list. Tokens without a letter, a number or punctuation are a
fifth class: emoji, parts of characters in byte-level tokenizers, and the unknown token.

In: a clean batch. Out: `ids` as in masked language modelling; target "masked_lm" [B, L], the class of the original
token at selected positions. Requirements: none.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import require
from nlp_ssl.objectives._masked_classes import Ints, MaskedClasses, kind_of

CLASSES = ("stop word", "word", "number", "punctuation", "other")


@dataclass(frozen=True, kw_only=True)
class TokenType(MaskedClasses):
    """Predict whether masked tokens are stop words, other words, numbers or punctuation (Yamaguchi et al.)."""

    stop_words: int = 150
    """How many of the most frequent words or pieces of words are stop words."""

    name: ClassVar = "token_type"
    paper: ClassVar = (
        "Yamaguchi et al., Frustratingly Simple Pretraining Alternatives to Masked Language Modeling, EMNLP 2021"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        require(1 <= self.stop_words <= 10_000, "stop_words", self.stop_words, "it must lie in 1..10,000")

    def classes(self, vocabulary: Vocabulary) -> tuple[str, ...]:
        """The types of tokens."""
        return CLASSES

    def class_of(self, vocabulary: Vocabulary) -> Ints:
        """The type of each token."""
        types = [_type_of(surface) for surface in vocabulary.surfaces]
        folded = [surface.casefold() for surface in vocabulary.surfaces]
        counts: Counter[str] = Counter()
        for kind, word, count in zip(types, folded, vocabulary.counts.tolist(), strict=True):
            if kind == "word" and count:
                counts[word] += count
        frequent = set(sorted(counts, key=lambda word: (-counts[word], word))[: self.stop_words])
        number = {name: i for i, name in enumerate(CLASSES)}
        stops = np.array([word in frequent for word in folded])
        found = np.array([number[kind] for kind in types])
        return np.where(stops & (found == number["word"]), number["stop word"], found)


def _type_of(surface: str) -> str:
    """The type of a token with these characters, where stop words are words."""
    kinds = {kind_of(character) for character in surface}
    if "letter" in kinds:
        return "word"
    return next((kind for kind in ("number", "punctuation") if kind in kinds), "other")
