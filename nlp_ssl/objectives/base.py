"""What every objective is.

An objective is a frozen, keyword-only dataclass in a file of its own. Its fields are its hyper-parameters, the
string under each being its help text; its class attributes say what it needs and what it trains.
`corrupt` is a pure function of arrays: it writes to nothing that it is given, and draws only from `noise`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

from nlp_ssl.corpus.batch import Batch, Body
from nlp_ssl.corpus.examples import Kind
from nlp_ssl.corpus.noise import Noise
from nlp_ssl.corpus.vocabulary import Vocabulary

HeadKind = Literal["masked_lm", "causal_lm", "sequence_classification"]
"""The kinds of head: tokens at masked positions, the token that follows, a label for the whole row."""


@dataclass(frozen=True, kw_only=True)
class Objective(ABC):
    """Base of all objectives."""

    example: ClassVar[Kind]
    """What a row is made of."""
    body: ClassVar[Body]
    """The body that it trains."""
    head: ClassVar[HeadKind]
    """The head that it trains; also the key of its labels in a batch."""
    classes: ClassVar[tuple[str, ...]] = ()
    """Names of the labels, for a head that predicts one a row."""
    paper: ClassVar[str]
    """Where it comes from: authors, title, venue and year, section."""
    needs: ClassVar[str]
    """What a corpus must have to serve, as an end of the sentence "the corpus has no …"."""

    @abstractmethod
    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Turn a batch into one that is corrupted and has this objective's labels."""


def require(holds: bool, field: str, value: object, rule: str) -> None:
    """Raise a ValueError naming the field, its value and the rule, unless the rule holds."""
    if not holds:
        raise ValueError(f"{field} is {value!r}: {rule}")
