"""What every kind of task is.

A kind says how labels are read, which model and loss learn them, how outputs become predictions, which metrics and
baselines there are. An *example* is what is sampled and resampled: a text, a pair, a sentence. A *unit* is what gets
one label: the example itself, or each word of a sentence in token tasks. Outputs are always [units, outputs].
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from nlp_ssl.tasks.splits import LabelledExamples

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Column:
    """The raw labels of one split."""

    values: list[Any]
    at: Callable[[int], str]
    """The file and line of a row, for error messages."""
    problems: list[str]
    """Error messages; parsing adds to them."""

    def report(self, row: int, problem: str) -> None:
        """Add an error message about a row."""
        self.problems.append(f"{self.at(row)}: {problem}")


class LinearModel(Protocol):
    """A fitted linear model."""

    def outputs(self, features: Any) -> Array:
        """Features [units, D] -> outputs [units, outputs]."""


class TaskKind(ABC):
    """Base of all kinds of task. An instance knows the names of its labels."""

    name: ClassVar[str]
    """The `kind` of a declaration."""
    metrics: ClassVar[tuple[str, ...]]
    """The first one is the default."""
    auto_class: ClassVar[str] = "AutoModelForSequenceClassification"
    """The transformers class that fine-tuning builds and saves."""
    problem_type: ClassVar[str | None]
    """`problem_type` in the saved config."""
    baselines: ClassVar[tuple[str, ...]] = ("majority", "tfidf")
    """Baselines that read the texts, by name in the registry."""
    prior_name: ClassVar[str] = "majority class"
    """What the majority baseline is called in tables."""
    labels_words: ClassVar[bool] = False
    """Each word of a text has a label."""
    has_neighbours: ClassVar[bool] = True
    """Whether probes score nearest neighbours too."""

    def __init__(self, labels: Sequence[str] = ()) -> None:
        self.labels = tuple(labels)

    # --- labels ---

    @classmethod
    @abstractmethod
    def find_labels(cls, declared: tuple[str, ...], columns: dict[str, Column]) -> tuple[str, ...]:
        """The label names: the declared ones, or those found in the columns of the splits."""

    @classmethod  # noqa: B027
    def check_labels(cls, labels: tuple[str, ...], where: str) -> None:
        """Raise InputError if there are too few labels to learn."""

    @abstractmethod
    def parse(self, column: Column, declared: bool) -> Array:
        """Labels [n, ...] of raw values; problems go to the column. `declared` labels may also be written as ids."""

    def check_metrics(self, task: str, metrics: Sequence[str]) -> None:  # noqa: B027
        """Raise InputError if a metric does not fit the labels."""

    def only_label(self, labels: Array) -> str | None:
        """The name of the label that all examples share, if they do."""
        return None

    def strata(self, labels: Array) -> Array | None:
        """The stratum of each example [n] for sampling in equal proportions; None for plain random sampling."""
        return None

    # --- training and outputs ---

    @property
    def outputs(self) -> int:
        """Outputs for each unit."""
        return len(self.labels)

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs in the saved config."""
        return self.labels

    def units(self, examples: LabelledExamples) -> int:
        """How many units the examples have."""
        return len(examples)

    def unit_labels(self, labels: Array) -> Array:
        """The labels [units, ...] in the order of the outputs."""
        return labels

    @abstractmethod
    def loss(self, logits: Any, gold: Any) -> Any:
        """The training loss, summed over units: tensors logits [units, outputs], gold [units, ...] -> scalar."""

    @abstractmethod
    def selection_loss(self, outputs: Array, labels: Array) -> float:
        """The mean loss of network outputs, which breaks ties between equal scores."""

    @abstractmethod
    def predictions(self, outputs: Array, examples: LabelledExamples) -> Array:
        """What metrics compare with `gold`: [n] or [n, ...]."""

    def gold(self, examples: LabelledExamples) -> Array:
        """The labels as metrics read them: [n] or [n, ...]."""
        assert examples.labels is not None
        return examples.labels

    def score(self, metric: str, outputs: Array, examples: LabelledExamples) -> float:
        """A metric of outputs [units, outputs]."""
        from nlp_ssl.tasks.metrics import score

        return score(metric, self.gold(examples), self.predictions(outputs, examples))

    # --- baselines and probes ---

    @abstractmethod
    def prior(self, labels: Array) -> Array:
        """Outputs [outputs] that depend on the training labels alone."""

    @abstractmethod
    def fit_linear(self, features: Any, labels: Array, C: float, **settings: Any) -> LinearModel:
        """Fit a linear model to features [units, D] and labels [units, ...]; `C` is the inverse regularisation.

        `settings` go to logistic regression. Its outputs are probabilities (one label), log odds (several labels)
        or numbers.
        """

    @abstractmethod
    def votes(self, labels: Array) -> Array:
        """What each training unit votes for in nearest neighbours: float [units, outputs]."""

    def log_outputs(self, outputs: Array) -> Array:
        """Probe outputs of a linear model's outputs."""
        return outputs

    def vote_outputs(self, shares: Array) -> Array:
        """Outputs of the weighted mean of votes."""
        return shares

    # --- files ---

    @abstractmethod
    def prediction_table(self, outputs: Array, examples: LabelledExamples) -> tuple[list[str], list[list[str]]]:
        """Heading and rows of a predictions file, from the outputs of a network."""

    @abstractmethod
    def submission(self, outputs: Array, examples: LabelledExamples, names: bool) -> list[str]:
        """What a benchmark's submission has for each example: `names` of labels or ids."""


def log(shares: Array) -> Array:
    """The natural logarithm; -inf for 0, without a warning."""
    with np.errstate(divide="ignore"):
        return np.log(shares)


def texts_of(examples: LabelledExamples) -> list[str]:
    """Each example on one line: the text, or both texts of a pair."""
    pairs = [""] * len(examples) if examples.pairs is None else [f" ||| {pair}" for pair in examples.pairs]
    return [" ".join((text + pair).split()) for text, pair in zip(examples.texts, pairs, strict=True)]


def by_number(name: str) -> tuple[bool, float, str]:
    """Sort key: "2" before "10", numbers before words."""
    return (False, float(name), name) if name.isascii() and name.isdigit() else (True, 0.0, name)


def ids_of(labels: Sequence[str], declared: bool) -> dict[str, int]:
    """The id of each label name, and of each id written out if the labels are declared."""
    ids = {str(i): i for i in range(len(labels))} if declared else {}
    return ids | {name: i for i, name in enumerate(labels)}


def known_labels(labels: Sequence[str]) -> str:
    """The labels with their ids, for an error message."""
    return ", ".join(f"{name} ({i})" for i, name in enumerate(labels))


class ClassProbabilities:
    """A fitted classifier with probabilities for all `classes`, also those that its training examples lack."""

    def __init__(self, model: Any, classes: int) -> None:
        self.model, self.classes = model, classes

    def outputs(self, features: Any) -> Array:
        """Probabilities [units, classes]."""
        found = self.model.predict_proba(features)
        outputs = np.zeros((features.shape[0], self.classes))
        outputs[:, self.model.classes_] = found
        return outputs
