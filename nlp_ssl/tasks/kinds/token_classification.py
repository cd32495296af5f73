"""A label for each word of a sentence.

Words are given, not found: a file has a list of words and a list of tags for each sentence. A network labels a word
by its first sub-token. A word whose first sub-token is cut off by the maximum length is predicted to have the most
frequent tag of train, so that all models are scored on the same words, whatever their tokenizers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy.special import log_softmax

from nlp_ssl.errors import InputError
from nlp_ssl.tasks.kinds.base import Array, ClassProbabilities, Column, TaskKind, by_number, ids_of, known_labels, log
from nlp_ssl.tasks.spans import is_span_tag, span_codes

if TYPE_CHECKING:
    from nlp_ssl.tasks.splits import LabelledExamples

PADDING = -1
"""The label behind the end of a sentence, in arrays [sentences, longest sentence]."""


class TokenClassification(TaskKind):
    """Labels are tag ids, int64 [n, longest sentence], with `PADDING` behind the end of shorter ones."""

    name: ClassVar = "token_classification"
    metrics: ClassVar = ("accuracy", "span_f1")
    auto_class: ClassVar = "AutoModelForTokenClassification"
    problem_type: ClassVar = None
    baselines: ClassVar = ("majority", "word_tag", "tag_features")
    prior_name: ClassVar = "most frequent tag"
    labels_words: ClassVar = True
    has_neighbours: ClassVar = False  # every word of dev beside every word of train is too much work

    @classmethod
    def find_labels(cls, declared: tuple[str, ...], columns: dict[str, Column]) -> tuple[str, ...]:
        """Declared names, or those of all splits, sorted: a rare tag may be missing from train."""
        rows = [value for column in columns.values() for value in column.values if isinstance(value, list)]
        return declared or tuple(sorted({str(tag).strip() for row in rows for tag in row}, key=by_number))

    @classmethod
    def check_labels(cls, labels: tuple[str, ...], where: str) -> None:
        """At least two tags."""
        if len(labels) < 2:
            raise InputError(f"{where}: all tags are {', '.join(labels)}: there is nothing to tell apart")

    def parse(self, column: Column, declared: bool) -> Array:
        """Tag ids int64 [n, longest sentence]."""
        ids = ids_of(self.labels, declared)
        tags = [value if isinstance(value, list) else [] for value in column.values]
        labels = np.full((len(tags), max(map(len, tags), default=0)), PADDING, dtype=np.int64)
        for row, (value, sentence) in enumerate(zip(column.values, tags, strict=True)):
            if not isinstance(value, list):
                column.report(row, f"{value!r} is not a list of tags")
                continue
            unknown = next((tag for tag in sentence if str(tag).strip() not in ids), None)
            if unknown is not None:
                column.report(row, f"unknown tag {unknown!r}; the tags are {known_labels(self.labels)}")
                continue
            labels[row, : len(sentence)] = [ids[str(tag).strip()] for tag in sentence]
        return labels

    def check_metrics(self, task: str, metrics: Sequence[str]) -> None:
        """Spans need tags such as B-NP, I-NP and O."""
        wrong = next((name for name in self.labels if not is_span_tag(name)), None)
        if "span_f1" in metrics and wrong is not None:
            raise InputError(f"{task} has the tag {wrong!r}, span_f1 needs O, B-…, I-…, E-… or S-…: --metric accuracy")

    def units(self, examples: LabelledExamples) -> int:
        """Words."""
        return sum(examples.word_counts)

    def unit_labels(self, labels: Array) -> Array:
        """The tags of all words, sentence after sentence."""
        flat: Array = labels[labels != PADDING]
        return flat

    def only_label(self, labels: Array) -> str | None:
        """The only tag."""
        found = np.unique(self.unit_labels(labels))
        return self.labels[int(found[0])] if len(found) < 2 else None

    def loss(self, logits: Any, gold: Any) -> Any:
        """Cross-entropy."""
        from torch.nn.functional import cross_entropy

        return cross_entropy(logits, gold, reduction="sum")

    def selection_loss(self, outputs: Array, labels: Array) -> float:
        """Cross-entropy in nats, over words."""
        gold = self.unit_labels(labels)
        return float(-log_softmax(outputs, axis=1)[np.arange(len(gold)), gold].mean())

    def predictions(self, outputs: Array, examples: LabelledExamples) -> Array:
        """Tag codes [n, longest sentence]; see `nlp_ssl.tasks.spans`."""
        return self._by_sentence(span_codes(self.labels)[outputs.argmax(axis=1)], examples)

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
        """The share of each tag."""
        flat = self.unit_labels(labels)
        shares: Array = np.bincount(flat, minlength=len(self.labels)) / len(flat)
        return shares

    def fit_linear(self, features: Any, labels: Array, C: float, **settings: Any) -> ClassProbabilities:
        """Logistic regression on words. At most 100 iterations: there are many words, and later ones change little."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression
        from sklearn.utils._testing import ignore_warnings

        model = LogisticRegression(C=C, **{**settings, "max_iter": 100})
        return ClassProbabilities(
            ignore_warnings(category=ConvergenceWarning)(model.fit)(features, labels), self.outputs
        )

    def votes(self, labels: Array) -> Array:
        """A one-hot row for each word."""
        return np.eye(len(self.labels))[labels]

    def log_outputs(self, outputs: Array) -> Array:
        """Log probabilities."""
        return log(outputs)

    def prediction_table(self, outputs: Array, examples: LabelledExamples) -> tuple[list[str], list[list[str]]]:
        """A row for each word."""
        assert examples.labels is not None and examples.words is not None
        gold = self.unit_labels(examples.labels)
        place = [(i, word) for i, words in enumerate(examples.words, 1) for word in words]
        both = zip(place, gold, outputs.argmax(axis=1), strict=True)
        rows = [[str(i), self.labels[g], self.labels[p], word] for (i, word), g, p in both]
        return ["sentence", "gold", "predicted", "word"], rows

    def submission(self, outputs: Array, examples: LabelledExamples, names: bool) -> list[str]:
        """The tags of a sentence with blanks between them."""
        said = np.array(self.labels if names else [str(i) for i in range(len(self.labels))])
        ends = np.cumsum(examples.word_counts)[:-1]
        return [" ".join(said[row]) for row in np.split(outputs.argmax(axis=1), ends)]
