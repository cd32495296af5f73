"""Base class of the kinds of task.

A kind defines how labels are parsed, the model class and loss, how outputs become predictions, and the metrics and
baselines. An *example* is a text, a pair of texts or a sentence. A *unit* is whatever gets one label: an example, or a
word in token tasks. Outputs have the shape [units, outputs]. They are numbers, or texts where the labels are texts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from nlp_ssl.errors import LISTED_ITEMS, cut, listing
from nlp_ssl.tasks.metrics import OF_PROBABILITIES, score
from nlp_ssl.tasks.values import container, label_name, number

if TYPE_CHECKING:
    from nlp_ssl.tasks.splits import LabelledExamples

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Column:
    """The raw labels of one split."""

    values: list[Any]
    at: Callable[[int], str]
    """Returns the file and line of a row, for error messages."""
    problems: list[str]
    """Error messages. Parsing appends to them."""

    def report(self, row: int, problem: str) -> None:
        """Append an error message about a row."""
        self.problems.append(f"{self.at(row)}: {problem}")


class LinearModel(Protocol):
    """A fitted linear model."""

    def outputs(self, features: Any) -> Array:
        """Predict outputs [units, outputs] from features [units, D]."""


class TaskKind(ABC):
    """Base of all kinds of task. An instance holds the names of the labels."""

    name: ClassVar[str]
    """The value of `kind` in a task's declaration."""
    metrics: ClassVar[tuple[str, ...]]
    """Available metrics. The first is the default."""
    auto_class: ClassVar[str] = "AutoModelForSequenceClassification"
    """The transformers class of fine-tuned models."""
    problem_type: ClassVar[str | None]
    """`problem_type` in the saved config."""
    baselines: ClassVar[tuple[str, ...]] = ("majority", "tfidf")
    """Baselines on texts, by name in the registry."""
    prior_name: ClassVar[str] = "majority class"
    """The name of the majority baseline in tables."""
    labels_words: ClassVar[bool] = False
    """Whether each word of a text has a label."""
    writes_text: ClassVar[bool] = False
    """Whether the label of an example is a text, which a model generates. Such a kind cannot be probed."""
    has_neighbours: ClassVar[bool] = True
    """Whether probing includes nearest neighbours."""
    one_class: ClassVar[bool] = False
    """Whether each unit has exactly one class, so that classes can be weighted."""

    def __init__(self, labels: Sequence[str] = (), positive: str = "", balanced: bool = False) -> None:
        self.labels = tuple(labels)
        self.positive = positive
        """The label that f1, precision and recall are about; empty if no metric needs one."""
        self.balanced = balanced
        """Whether training weights the classes equally."""

    # --- labels ---

    @classmethod
    @abstractmethod
    def find_labels(cls, declared: tuple[str, ...], columns: dict[str, Column]) -> tuple[str, ...]:
        """Return the declared label names, or those found in the columns of the splits."""

    @classmethod
    def wrong_value(cls, value: Any) -> str | None:
        """Describe what is wrong with the type of a raw label, or return None."""
        found = container(value)
        if found == "a list":
            return "the label is a list; several labels for a text need --kind multilabel"
        return None if found is None else f"the label is {found}; it must be a single value"

    @classmethod  # noqa: B027
    def check_labels(cls, labels: tuple[str, ...], where: str) -> None:
        """Raise InputError if there are too few labels."""

    @abstractmethod
    def parse(self, column: Column, declared: bool) -> Array:
        """Parse raw values to labels [n, ...]. Problems are reported to the column.

        If the labels are `declared`, values may also be label ids.
        """

    def check_metrics(self, task: str, metrics: Sequence[str]) -> None:  # noqa: B027
        """Raise InputError if a metric does not fit the labels."""

    def only_label(self, labels: Array) -> str | None:
        """The name of the label if all examples have the same one, else None."""
        return None

    def strata(self, labels: Array) -> Array | None:
        """The stratum of each example [n], for stratified sampling; None for random sampling."""
        return None

    # --- training and outputs ---

    @property
    def outputs(self) -> int:
        """The number of outputs for each unit."""
        return len(self.labels)

    @property
    def output_names(self) -> tuple[str, ...]:
        """The names of the outputs in the saved config."""
        return self.labels

    def units(self, examples: LabelledExamples) -> int:
        """The number of units of the examples."""
        return len(examples)

    def unit_labels(self, labels: Array) -> Array:
        """Labels [n, ...] of examples -> labels [units, ...] of units."""
        return labels

    @abstractmethod
    def loss(self, logits: Any, gold: Any, class_weights: Any = None) -> Any:
        """The training loss, summed over units, a scalar tensor.

        `logits` are a float tensor [units, outputs], `gold` a tensor [units, ...]. `class_weights`, a float tensor
        [outputs], multiply the losses of the units of each class; None weights all units equally.
        """

    def class_weights(self, labels: Array) -> Array | None:
        """The class weights float32 [outputs] for training labels [n, ...]; None if all units have equal weights.

        A class with n_c of n units has the weight n / (k n_c), where k is the number of classes that occur: the mean
        weight of a unit is 1. These are scikit-learn's balanced weights (King and Zeng 2001).
        """
        if not self.balanced:
            return None
        counts = np.bincount(self.unit_labels(labels), minlength=self.outputs)
        weights = counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1))
        return np.where(counts > 0, weights, 1).astype(np.float32)

    @abstractmethod
    def selection_loss(self, outputs: Array, labels: Array) -> float:
        """The mean loss over units of outputs [units, outputs]. It breaks ties between equal scores."""

    @abstractmethod
    def predictions(self, outputs: Array, examples: LabelledExamples) -> Array:
        """Convert outputs [units, outputs] to predictions [n, ...], the input of most metrics."""

    def probabilities(self, outputs: Array) -> Array:
        """Convert outputs [units, outputs] to probabilities [n] or [n, labels], the input of `auc`."""
        raise NotImplementedError(f"{self.name} has no probabilities")

    def classes(self, outputs: Array) -> Array | None:
        """The predicted classes: ids int64 [units] or multi-hot int64 [units, labels]; None without classes."""
        return None

    def for_metric(self, metric: str, outputs: Array, examples: LabelledExamples) -> Array:
        """Convert outputs [units, outputs] to what a metric takes beside `gold`."""
        if metric in OF_PROBABILITIES:
            return self.probabilities(outputs)
        return self.predictions(outputs, examples)

    def gold(self, examples: LabelledExamples) -> Array:
        """The gold labels [n, ...], the input of metrics."""
        assert examples.labels is not None
        return examples.labels

    def score(self, metric: str, outputs: Array, examples: LabelledExamples) -> float:
        """Compute a metric of outputs [units, outputs]."""
        return score(metric, self.gold(examples), self.for_metric(metric, outputs, examples))

    # --- baselines and probes, unless the kind writes text ---

    def prior(self, labels: Array) -> Array:
        """The outputs [outputs] of the majority baseline, from the training labels."""
        raise NotImplementedError(f"{self.name} has no prior")

    def fit_linear(self, features: Any, labels: Array, C: float, **settings: Any) -> LinearModel:
        """Fit a linear model to features [units, D] and labels [units, ...].

        `C` is the inverse regularisation strength. `settings` are passed to scikit-learn's LogisticRegression. The
        model's outputs are probabilities (one label), log odds (multilabel) or numbers (regression).
        """
        raise NotImplementedError(f"{self.name} has no linear model")

    def votes(self, labels: Array) -> Array:
        """The vote of each training unit in nearest neighbours, float [units, outputs]."""
        raise NotImplementedError(f"{self.name} has no votes")

    def log_outputs(self, outputs: Array) -> Array:
        """Convert outputs of a linear model to outputs of the kind."""
        return outputs

    def vote_outputs(self, shares: Array) -> Array:
        """Convert weighted means of votes to outputs of the kind."""
        return shares

    # --- files ---

    @abstractmethod
    def prediction_table(self, outputs: Array, examples: LabelledExamples) -> tuple[list[str], list[list[str]]]:
        """The header and rows of a predictions file."""

    @abstractmethod
    def submission(self, outputs: Array, examples: LabelledExamples, names: bool) -> list[str]:
        """The predictions in a benchmark's submission: label names if `names`, else label ids."""


def log(shares: Array) -> Array:
    """The natural logarithm; -inf for 0, without a warning."""
    with np.errstate(divide="ignore"):
        return np.log(shares)


def texts_of(examples: LabelledExamples) -> list[str]:
    """Each example as one line: the text, or both texts of a pair separated by " ||| "."""
    pairs = [""] * len(examples) if examples.pairs is None else [f" ||| {pair}" for pair in examples.pairs]
    return [" ".join((text + pair).split()) for text, pair in zip(examples.texts, pairs, strict=True)]


def wrong_list(value: Any, what: str) -> str | None:
    """Describe what is wrong with a list of labels (`what` it has), or return None."""
    items = value if isinstance(value, list) else [value]
    found = next((found for item in items if (found := container(item)) is not None), None)
    if found is not None:
        return f"a {what} is {found}; it must be a single value"
    if isinstance(value, list) and not all(label_name(item) for item in value):
        return f"a {what} is empty; fill it in or remove it"
    return None


def by_number(name: str) -> tuple[bool, float, str]:
    """Sort key of label names: "2" before "10", numbers before words."""
    return (False, float(name), name) if name.isascii() and name.isdigit() else (True, 0.0, name)


def ids_of(labels: Sequence[str], declared: bool) -> dict[str, int]:
    """Map label names to ids; if the labels are declared, also ids as strings."""
    ids = {str(i): i for i in range(len(labels))} if declared else {}
    return ids | {label_name(name): i for i, name in enumerate(labels)}


def known_labels(labels: Sequence[str]) -> str:
    """The labels for error messages, with their ids unless they are numbers themselves."""
    if all(number(label) is not None for label in labels):
        return listing(labels, "") + ("; for numbers, use --kind regression" if len(labels) > LISTED_ITEMS else "")
    return listing((f"{cut(name)} ({i})" for i, name in enumerate(labels)), "")


class ClassProbabilities:
    """A fitted scikit-learn classifier with probabilities for all classes, 0 for those missing from training."""

    def __init__(self, model: Any, classes: int) -> None:
        self.model, self.classes = model, classes

    def outputs(self, features: Any) -> Array:
        """Predict probabilities [units, classes]."""
        outputs = np.zeros((features.shape[0], self.classes))
        outputs[:, self.model.classes_] = self.model.predict_proba(features)
        return outputs
