"""The base class of all objectives.

An objective is a frozen, keyword-only dataclass in a file named after it. Its fields are its hyper-parameters; the
docstring of a field is the help text of its flag. Class attributes declare the examples and the body it needs and the
heads that predict its targets. `corrupt` is a pure function: it does not modify its arguments and draws only from
`noise`. Objectives never import torch; heads (`nlp_ssl.heads`) do.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import InputError, listing, require
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.examples import Body, ExampleIndex, ExampleType, TokenStream, find_examples
from nlp_ssl.sampling.noise import Noise


@dataclass(frozen=True, kw_only=True)
class Objective(ABC):
    """Base class of all objectives: corrupts a batch and defines its targets."""

    weight: float = 1.0
    """Weight of this objective's loss in a mixture; with alternating objectives, its share of the examples; in a
    sequence, its share of the steps."""

    name: ClassVar[str]
    """Name in recipes: that of the module, or of a plug-in's entry point."""
    example_type: ClassVar[ExampleType]
    """Type of example. In a mixture, objectives on segments also accept any other type."""
    sentences: ClassVar[int] = 1
    """Minimum number of sentences in an example."""
    body: ClassVar[Body]
    """Kind of body that it trains."""
    also_bodies: ClassVar[tuple[Body, ...]] = ()
    """Other kinds of body that it can train in a mixture."""
    also_decoder: ClassVar[bool] = False
    """Whether its encoder is also a decoder: examples whose targets are next tokens are read from one side only, and
    the model is saved as both. No other objective can be combined with it."""
    heads: ClassVar[Mapping[str, str]]
    """Target name -> name of the head (`nlp_ssl.heads`) that predicts it."""
    shares_targets: ClassVar[bool] = False
    """Whether several objectives in a joint mixture may share its targets, as the denoising objectives do."""
    masks_tokens: ClassVar[bool] = False
    """Whether it masks tokens. In a joint mixture it must come after objectives with `before_masking`."""
    before_masking: ClassVar[bool] = False
    """Whether it must run before masking objectives: it moves or removes tokens, or reads targets from them."""
    gives_likelihood: ClassVar[bool] = False
    """Whether its model can score the likelihood of a text, as needed for minimal pairs."""
    saves_heads: ClassVar[bool] = True
    """Whether its heads are saved with the model, so that `evaluate` can score its task."""
    pooling: ClassVar[Literal["cls", "mean"]] = "cls"
    """Pooling of a classification head, if the architecture offers a choice: first token or mean."""
    metrics: ClassVar[str | None] = None
    """Module with extra validation metrics (`nlp_ssl.heads.metrics`)."""
    trains_tasks: ClassVar[tuple[str, ...]] = ()
    """Tasks made from a corpus that it trains on itself, or on nearly the same question; comparisons mark them."""
    asks: ClassVar[str] = "the other sequences of this example, among all of the batch"
    """What `BatchTargets` ask of an example; `show` prints it."""
    reserved_tokens: ClassVar[tuple[Literal["sentinels", "modes"], ...]] = ()
    """Tokens that no text gives and that it needs (`Vocabulary.sentinels`, `Vocabulary.modes`)."""
    paper: ClassVar[str]
    """Authors, title, venue, year, and section."""
    needs: ClassVar[str]
    """Required content of a corpus; completes the sentence "the corpus has no …"."""

    def __init_subclass__(cls) -> None:
        """Check what a plug-in declares. InputError for a type of example or a kind of body that there is not."""
        super().__init_subclass__()
        for field, known in (("example_type", get_args(ExampleType)), ("body", get_args(Body))):
            value = getattr(cls, field, known[0])
            if value not in known:
                raise InputError(f"objective {cls.__name__}: {field} is {value!r}: it must be {listing(known, '')}")

    def __post_init__(self) -> None:
        require(self.weight > 0, "weight", self.weight, "it must be above 0")

    def loss_weights(self) -> Mapping[str, float]:
        """The weight of each target's loss within this objective."""
        return dict.fromkeys(self.heads, 1.0)

    def classes(self, vocabulary: Vocabulary) -> tuple[str, ...]:
        """Names of the classes of a classification objective."""
        return ()

    def check_vocabulary(self, vocabulary: Vocabulary) -> None:
        """InputError if the corpus's tokenizer lacks reserved tokens."""
        for kind in self.reserved_tokens:
            if not getattr(vocabulary, kind):
                raise InputError(
                    f"{self.name}: the corpus's tokenizer has no {kind}: prepare the text again, into another folder, "
                    "with a trained tokenizer and without --sentinels 0"
                )

    def examples(self, text: TokenStream, vocabulary: Vocabulary, body: Body, max_length: int) -> ExampleIndex:
        """The examples of a text. Override to select examples or to assign classes to them."""
        return find_examples(text, self.example_type, body, max_length, self.sentences)

    @abstractmethod
    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Return the corrupted batch with this objective's targets."""
