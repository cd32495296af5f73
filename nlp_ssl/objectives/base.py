"""What every objective is.

An objective is a frozen, keyword-only dataclass in a file of its own. Its fields are its hyper-parameters, the
string under each being its help text; its class attributes say what it needs and what it trains.
`corrupt` is a pure function of arrays: it writes to nothing that it is given, and draws only from `noise`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.examples import Body, ExampleIndex, ExampleType, TokenStream, find_examples
from nlp_ssl.sampling.noise import Noise

HeadKind = Literal[
    "masked_lm", "causal_lm", "seq2seq_lm", "sequence_classification", "previous", "next", "cbow", "skip_gram"
]
"""The kinds of head: tokens at masked positions; the token that follows; the text that a decoder writes; a label for
the whole row; the sentence before or after, written from the row's vector alone; a word told from others by its
context, and each word of the context told from others by the word."""


@dataclass(frozen=True, kw_only=True)
class Objective(ABC):
    """Base of all objectives."""

    weight: float = 1.0
    """In a mixture: the factor of its loss, or its share of the rows where they alternate."""

    example: ClassVar[ExampleType]
    """What a row is made of; "segment" can also serve in a mixture with another kind."""
    sentences: ClassVar[int] = 1
    """The fewest sentences in an example."""
    body: ClassVar[Body]
    """The body that it trains."""
    heads: ClassVar[tuple[HeadKind, ...]]
    """The heads that it trains: the keys of its labels or sequences in a batch."""
    before_masks: ClassVar[bool] = False
    """In a mixture it comes before what masks tokens, since it takes what is to be written from the text, or takes
    tokens out of it."""
    pooling: ClassVar[Literal["cls", "mean"]] = "cls"
    """What a head that labels rows sees, where the architecture offers the choice: the first token, or the mean."""
    paper: ClassVar[str]
    """Where it comes from: authors, title, venue and year, section."""
    needs: ClassVar[str]
    """What a corpus must have to serve, as an end of the sentence "the corpus has no …"."""

    def __post_init__(self) -> None:
        require(self.weight > 0, "weight", self.weight, "it must be above 0")

    def classes(self, vocabulary: Vocabulary) -> tuple[str, ...]:
        """Names of the labels, for a head that predicts one a row."""
        return ()

    def examples(self, text: TokenStream, vocabulary: Vocabulary, body: Body, max_length: int) -> ExampleIndex:
        """Its examples in a text; an objective that picks or labels them says how."""
        return find_examples(text, self.example, body, max_length, self.sentences)

    @abstractmethod
    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Turn a batch into one that is corrupted and has this objective's labels."""


def require(holds: bool, field: str, value: object, rule: str) -> None:
    """Raise a ValueError naming the field, its value and the rule, unless the rule holds."""
    if not holds:
        raise ValueError(f"{field} is {value!r}: {rule}")
