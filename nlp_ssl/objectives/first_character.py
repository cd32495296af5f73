"""First character prediction: predict the first character of masked tokens.

Paper: Yamaguchi et al., Frustratingly Simple Pretraining Alternatives to Masked Language Modeling, EMNLP 2021.

The paper has 29 classes: the letters a to z, a digit, a punctuation mark, and anything else. Here other scripts have
classes, too:

* A letter counts without case and accents, so é is e. This is its first character after Unicode's compatibility
  decomposition, which of a Hangul syllable is the leading consonant.
* Ideographs share a class with those in the same 256 code points, mostly with similar radicals.
* Everything else is "other": Latin letters beyond a to z, emoji, parts of characters in byte-level tokenizers, and the
  unknown token.

The classes are those that occur in the vocabulary: the paper's 29 with Latin letters alone, one more for each letter of
another script.

In: a clean batch. Out: `ids` as in masked language modelling; target "masked_lm" [B, L], the class of the original
token at selected positions. Requirements: none.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
import regex

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.objectives._masked_classes import Ints, MaskedClasses, kind_of

OTHER = "other"

_LATIN, _IDEOGRAPH = regex.compile(r"\p{Latin}"), regex.compile(r"\p{Ideographic}")


@dataclass(frozen=True, kw_only=True)
class FirstCharacter(MaskedClasses):
    """Predict the first character of masked tokens (Yamaguchi et al.)."""

    name: ClassVar = "first_character"
    paper: ClassVar = (
        "Yamaguchi et al., Frustratingly Simple Pretraining Alternatives to Masked Language Modeling, EMNLP 2021"
    )

    def classes(self, vocabulary: Vocabulary) -> tuple[str, ...]:
        """The letters and blocks of ideographs in the vocabulary, then "number", "punctuation" and "other"."""
        found = {first_class(vocabulary.surfaces[token]) for token in vocabulary.ordinary.tolist()}
        last = [name for name in ("number", "punctuation") if name in found]
        return (*sorted(found - {*last, OTHER}), *last, OTHER)

    def class_of(self, vocabulary: Vocabulary) -> Ints:
        """The class of each token's first character."""
        number = {name: i for i, name in enumerate(self.classes(vocabulary))}
        return np.array([number.get(first_class(surface), number[OTHER]) for surface in vocabulary.surfaces])


def first_class(surface: str) -> str:
    """The name of the class of a token with these characters."""
    return _class_of(surface[0]) if surface else OTHER


@cache
def _class_of(character: str) -> str:
    kind = kind_of(character)
    if kind != "letter":
        return kind
    letter = unicodedata.normalize("NFKD", character.casefold())[0]
    if _IDEOGRAPH.match(letter):
        return f"U+{ord(letter) >> 8:X}00"
    return OTHER if _LATIN.match(letter) and not letter.isascii() else letter
