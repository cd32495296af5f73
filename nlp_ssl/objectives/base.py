"""The base class of all objectives.

An objective is a frozen, keyword-only dataclass in a file of its own, whose name is the objective's. Its fields are
its hyper-parameters; the string under each is the help text of its flag. Its class attributes say which examples and
which body it needs, and which heads predict its targets. `corrupt` is a pure function of arrays: it writes to nothing
that it is given, and draws only from `noise`. Objectives never import torch; heads (`nlp_ssl.heads`) do.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import require
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.examples import Body, ExampleIndex, ExampleType, TokenStream, find_examples
from nlp_ssl.sampling.noise import Noise


@dataclass(frozen=True, kw_only=True)
class Objective(ABC):
    """What is corrupted and what is to be predicted."""

    weight: float = 1.0
    """Weight of this objective's loss in a mixture; with alternating objectives, its share of the rows."""

    name: ClassVar[str]
    """The name in recipes: that of the module, or of the entry point of a plug-in."""
    example_type: ClassVar[ExampleType]
    """What a row is made of; a "segment" can also be a row of another type in a mixture."""
    sentences: ClassVar[int] = 1
    """The minimum number of sentences in an example."""
    body: ClassVar[Body]
    """The kind of body that it trains."""
    also_bodies: ClassVar[tuple[Body, ...]] = ()
    """Other kinds of body that it can train in a mixture."""
    heads: ClassVar[Mapping[str, str]]
    """The head (`nlp_ssl.heads`) that predicts each of its targets, by the target's name in a batch."""
    shares_targets: ClassVar[bool] = False
    """Objectives that work jointly may write the same target, as all that reconstruct a text do."""
    masks_tokens: ClassVar[bool] = False
    """It masks tokens, so in a joint mixture it works on what objectives that move or remove tokens leave."""
    before_masking: ClassVar[bool] = False
    """It moves or removes tokens, or reads decoder targets from them: it runs before objectives that mask."""
    gives_likelihood: ClassVar[bool] = False
    """Its model scores how likely a text is, so minimal pairs can be scored with it."""
    saves_heads: ClassVar[bool] = True
    """Its heads are saved with the model, so that `evaluate` can score its task. Otherwise only the body is."""
    pooling: ClassVar[Literal["cls", "mean"]] = "cls"
    """What a head for rows reads where the architecture has a choice: the first token's vector, or the mean."""
    metrics: ClassVar[str | None] = None
    """The module with further validation metrics: see `nlp_ssl.heads.metrics`."""
    paper: ClassVar[str]
    """Authors, title, venue, year, and section."""
    needs: ClassVar[str]
    """What a corpus must have, as the end of the sentence "the corpus has no …"."""

    def __post_init__(self) -> None:
        require(self.weight > 0, "weight", self.weight, "it must be above 0")

    def loss_weights(self) -> Mapping[str, float]:
        """The weight of each target's loss within this objective."""
        return dict.fromkeys(self.heads, 1.0)

    def classes(self, vocabulary: Vocabulary) -> tuple[str, ...]:
        """Names of the classes, for a head that predicts one a row."""
        return ()

    def examples(self, text: TokenStream, vocabulary: Vocabulary, body: Body, max_length: int) -> ExampleIndex:
        """The examples in a text. An objective that selects examples, or gives them classes, overrides this."""
        return find_examples(text, self.example_type, body, max_length, self.sentences)

    @abstractmethod
    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Return a corrupted batch that has this objective's targets."""
