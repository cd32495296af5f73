"""A label for each word of a sentence.

A file has a list of words and a list of tags for each sentence. A model labels a word by its first sub-token (Devlin
et al., NAACL 2019, section 5.3). A word whose first sub-token is truncated gets the most frequent tag of train, so that
all models are scored on the same words, whatever their tokenizers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy.special import log_softmax, softmax

from nlp_ssl.errors import InputError, cut, listing
from nlp_ssl.tasks.kinds.base import (
    Array,
    ClassProbabilities,
    Column,
    TaskKind,
    by_number,
    ids_of,
    known_labels,
    log,
    wrong_list,
)
from nlp_ssl.tasks.spans import is_span_tag, span_codes
from nlp_ssl.tasks.values import label_name

if TYPE_CHECKING:
    from nlp_ssl.tasks.splits import LabelledExamples

PADDING = -1
"""The label after the end of a sentence, in arrays [n, longest sentence]."""


class TokenClassification(TaskKind):
    """Token classification. Labels are tag ids, int64 [n, longest sentence], padded with `PADDING`."""

    name: ClassVar = "token_classification"
    metrics: ClassVar = ("accuracy", "span_f1")
    auto_class: ClassVar = "AutoModelForTokenClassification"
    problem_type: ClassVar = None
    baselines: ClassVar = ("majority", "word_tag", "tag_features")
    prior_name: ClassVar = "most frequent tag"
    labels_words: ClassVar = True
    has_neighbours: ClassVar = False  # too slow: words of dev times words of train
    one_class: ClassVar = True

    @classmethod
    def find_labels(cls, declared: tuple[str, ...], columns: dict[str, Column]) -> tuple[str, ...]:
        """The declared names, or those of all splits, sorted. A rare tag may be missing from train."""
        rows = [value for column in columns.values() for value in column.values if isinstance(value, list)]
        return declared or tuple(sorted({label_name(tag) for row in rows for tag in row}, key=by_number))

    @classmethod
    def wrong_value(cls, value: Any) -> str | None:
        """A label is a list of single values."""
        return wrong_list(value, "tag")

    @classmethod
    def check_labels(cls, labels: tuple[str, ...], where: str) -> None:
        """Raise InputError if there are fewer than two tags."""
        if len(labels) < 2:
            raise InputError(f"{where}: all tags are {listing(labels, '')}; at least 2 tags are required")

    def parse(self, column: Column, declared: bool) -> Array:
        """Parse tag ids, int64 [n, longest sentence]."""
        ids = ids_of(self.labels, declared)
        tags = [value if isinstance(value, list) else [] for value in column.values]
        labels = np.full((len(tags), max(map(len, tags), default=0)), PADDING, dtype=np.int64)
        for row, (value, sentence) in enumerate(zip(column.values, tags, strict=True)):
            if not isinstance(value, list):
                column.report(row, f"{cut(repr(value))} is not a list of tags")
                continue
            unknown = next((tag for tag in sentence if label_name(tag) not in ids), None)
            if unknown is not None:
                column.report(row, f"unknown tag {cut(repr(unknown))}; the tags are {known_labels(self.labels)}")
                continue
            labels[row, : len(sentence)] = [ids[label_name(tag)] for tag in sentence]
        return labels

    def check_metrics(self, task: str, metrics: Sequence[str]) -> None:
        """Raise InputError if span_f1 is requested for tags that do not mark spans."""
        wrong = next((name for name in self.labels if not is_span_tag(name)), None)
        if "span_f1" in metrics and wrong is not None:
            raise InputError(
                f"{task} has the tag {wrong!r}, but span_f1 requires O, B-…, I-…, E-… or S-…; use --metric accuracy"
            )

    def units(self, examples: LabelledExamples) -> int:
        """The number of words."""
        return sum(examples.word_counts)

    def unit_labels(self, labels: Array) -> Array:
        """The tag ids of all words, int64 [words], in the order of the sentences."""
        flat: Array = labels[labels != PADDING]
        return flat

    def only_label(self, labels: Array) -> str | None:
        """The name of the only tag, if there is one."""
        found = np.unique(self.unit_labels(labels))
        return self.labels[int(found[0])] if len(found) < 2 else None

    def loss(self, logits: Any, gold: Any, class_weights: Any = None) -> Any:
        """Cross-entropy, summed over words."""
        from torch.nn.functional import cross_entropy

        return cross_entropy(logits, gold, class_weights, reduction="sum")

    def selection_loss(self, outputs: Array, labels: Array) -> float:
        """Mean cross-entropy over words, in nats."""
        gold = self.unit_labels(labels)
        return float(-log_softmax(outputs, axis=1)[np.arange(len(gold)), gold].mean())

    def predictions(self, outputs: Array, examples: LabelledExamples) -> Array:
        """Tag codes [n, longest sentence]; see `nlp_ssl.tasks.spans`."""
        return self._by_sentence(span_codes(self.labels)[self.classes(outputs)], examples)

    def classes(self, outputs: Array) -> Array:
        """The most probable tag ids, int64 [words]."""
        found: Array = outputs.argmax(axis=1)
        return found

    def probabilities(self, outputs: Array) -> Array:
        """The probability of each tag [words, tags]."""
        found: Array = softmax(outputs.astype(float), axis=1)
        return found

    def gold(self, examples: LabelledExamples) -> Array:
        """Tag codes [n, longest sentence]."""
        assert examples.labels is not None
        return self._by_sentence(span_codes(self.labels)[self.unit_labels(examples.labels)], examples)

    def _by_sentence(self, values: Array, examples: LabelledExamples) -> Array:
        counts = np.array(examples.word_counts)
        inside = np.arange(counts.max()) < counts[:, None]
        padded = np.full(inside.shape, PADDING, dtype=np.int64)
        padded[inside] = values
        return padded

    def prior(self, labels: Array) -> Array:
        """The relative frequency of each tag."""
        flat = self.unit_labels(labels)
        shares: Array = np.bincount(flat, minlength=len(self.labels)) / len(flat)
        return shares

    def fit_linear(self, features: Any, labels: Array, C: float, **settings: Any) -> ClassProbabilities:
        """Logistic regression on words. At most 100 iterations, because later ones change little and words are many."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression
        from sklearn.utils._testing import ignore_warnings

        class_weight = "balanced" if self.balanced else None
        model = LogisticRegression(C=C, class_weight=class_weight, **{**settings, "max_iter": 100})
        return ClassProbabilities(
            ignore_warnings(category=ConvergenceWarning)(model.fit)(features, labels), self.outputs
        )

    def votes(self, labels: Array) -> Array:
        """One-hot labels of words."""
        return np.eye(len(self.labels))[labels]

    def log_outputs(self, outputs: Array) -> Array:
        """Log probabilities."""
        return log(outputs)

    def prediction_table(self, outputs: Array, examples: LabelledExamples) -> tuple[list[str], list[list[str]]]:
        """A row for each word, with the predicted tag."""
        assert examples.labels is not None and examples.words is not None
        gold = self.unit_labels(examples.labels)
        position = [(i, word) for i, words in enumerate(examples.words, 1) for word in words]
        both = zip(position, gold, self.classes(outputs), strict=True)
        rows = [[str(i), self.labels[g], self.labels[p], word] for (i, word), g, p in both]
        return ["sentence", "gold", "predicted", "word"], rows

    def submission(self, outputs: Array, examples: LabelledExamples, names: bool) -> list[str]:
        """The tag names or ids of each sentence, separated by spaces."""
        tags = np.array(self.labels if names else [str(i) for i in range(len(self.labels))])
        ends = np.cumsum(examples.word_counts)[:-1]
        return [" ".join(tags[row]) for row in np.split(self.classes(outputs), ends)]
