"""Shared code of the objectives that predict a class of each masked token."""

from __future__ import annotations

import unicodedata
from abc import abstractmethod
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.sampling.batch import NO_LABEL, Batch
from nlp_ssl.sampling.examples import Body
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import TokenTargets

Ints = npt.NDArray[np.int64]
Kind = Literal["letter", "number", "punctuation", "other"]

_PUNCTUATION = {"Sm", "Sc", "Sk"}
"""Unicode categories of the symbols that count as punctuation; pictures such as emoji do not."""


@dataclass(frozen=True, kw_only=True)
class MaskedClasses(MaskedLM):
    """Masks tokens as masked language modelling does, with its options, and predicts a class of each."""

    also_bodies: ClassVar[tuple[Body, ...]] = ()
    # The target keeps its name: two objectives that mask cannot share the positions of a joint mixture.
    heads: ClassVar = {"masked_lm": "token_classification"}
    gives_likelihood: ClassVar = False

    @abstractmethod
    def class_of(self, vocabulary: Vocabulary) -> Ints:
        """The class of each token, int64 [size]. Called once for each vocabulary."""

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Select and replace tokens, and label them with their classes."""
        masked = super().corrupt(batch, vocabulary, noise)
        found = masked.targets["masked_lm"]
        assert isinstance(found, TokenTargets)
        row, column = np.nonzero(found.labels != NO_LABEL)  # [T]
        labels = found.labels.copy()
        labels[row, column] = self._table(vocabulary)[found.labels[row, column]]
        return masked.with_target("masked_lm", replace(found, labels=labels, classes=True))

    def _table(self, vocabulary: Vocabulary) -> Ints:
        """`class_of`, made once for each vocabulary."""
        known, table = self._tables.get(id(vocabulary), (None, None))
        if known is not vocabulary or table is None:
            table = self.class_of(vocabulary)
            self._tables[id(vocabulary)] = vocabulary, table
        return table

    @cached_property
    def _tables(self) -> dict[int, tuple[Vocabulary, Ints]]:
        """Vocabularies by identity, with the class of each of their tokens."""
        return {}


@cache
def kind_of(character: str) -> Kind:
    """The kind of a character. Marks that combine with letters are letters; bytes of a character are "other"."""
    category = unicodedata.category(character)
    if category[0] in "LM":
        return "letter"
    if category[0] == "N":
        return "number"
    return "punctuation" if category[0] == "P" or category in _PUNCTUATION else "other"
