"""A text to write for each text or pair: summaries, translations, answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nlp_ssl.corpus.words import text_words
from nlp_ssl.objectives._rouge import rouge_l, rouge_n
from nlp_ssl.sampling.targets import NO_LABEL
from nlp_ssl.tasks.kinds.base import Array, Column, TaskKind, texts_of
from nlp_ssl.tasks.values import container, label_name

if TYPE_CHECKING:
    from nlp_ssl.tasks.splits import LabelledExamples


class Generation(TaskKind):
    """Generation. Labels are texts, str as object [n]; outputs are texts, str [n, 1]."""

    name: ClassVar = "generation"
    metrics: ClassVar = ("rouge_1", "rouge_2", "rouge_l")
    auto_class: ClassVar = "AutoModelForSeq2SeqLM"
    problem_type: ClassVar = None
    baselines: ClassVar = ("lead",)
    writes_text: ClassVar = True
    has_neighbours: ClassVar = False

    @classmethod
    def find_labels(cls, declared: tuple[str, ...], columns: dict[str, Column]) -> tuple[str, ...]:
        """Texts have no label names."""
        return ()

    @classmethod
    def wrong_value(cls, value: Any) -> str | None:
        """A label is a text."""
        found = container(value)
        return None if found is None else f"the text to write is {found}; it must be a string"

    def parse(self, column: Column, declared: bool) -> Array:
        """Parse texts, str as object [n]."""
        texts = [label_name(value) for value in column.values]
        for row, text in enumerate(texts):
            if not text:
                column.report(row, "the text to write is empty; fill it in or remove the row")
        return np.array(texts, dtype=object)

    @property
    def outputs(self) -> int:
        """One text."""
        return 1

    def loss(self, logits: Any, gold: Any, class_weights: Any = None) -> Any:
        """Cross-entropy, summed over tokens. `logits` [B, T, V], `gold` [B, T] padded with NO_LABEL."""
        from torch.nn.functional import cross_entropy

        return cross_entropy(logits.flatten(0, 1), gold.flatten(), ignore_index=NO_LABEL, reduction="sum")

    def selection_loss(self, outputs: Array, labels: Array) -> float:
        """What the mean of all three ROUGE scores lacks to 1."""
        return 1 - float(rouge(outputs, labels).mean())

    def predictions(self, outputs: Array, examples: LabelledExamples) -> Array:
        """ROUGE-1, ROUGE-2 and ROUGE-L of each text, float64 [n, 3]."""
        assert examples.labels is not None
        return rouge(outputs, examples.labels)

    def gold(self, examples: LabelledExamples) -> Array:
        """The highest ROUGE that a text can have, 1 [n]."""
        return np.ones(len(examples))

    def prediction_table(self, outputs: Array, examples: LabelledExamples) -> tuple[list[str], list[list[str]]]:
        """A row for each example, with both texts as one line."""
        assert examples.targets is not None
        three = zip(examples.targets, outputs[:, 0], texts_of(examples), strict=True)
        rows = [[str(i), _one_line(gold), _one_line(text), source] for i, (gold, text, source) in enumerate(three, 1)]
        return ["example", "gold", "predicted", "text"], rows

    def submission(self, outputs: Array, examples: LabelledExamples, names: bool) -> list[str]:
        """Each text as one line."""
        return list(map(_one_line, outputs[:, 0]))


def text_outputs(texts: list[str]) -> Array:
    """Texts as outputs, str [n, 1]."""
    return np.array(texts, dtype=np.str_)[:, None]


def rouge(outputs: Array, labels: Array) -> Array:
    """F1 of ROUGE-1, ROUGE-2 and ROUGE-L of texts [n, 1] against labels [n]: float64 [n, 3]."""
    pairs = [(text_words(text), text_words(label)) for text, label in zip(outputs[:, 0], labels, strict=True)]
    return np.array([(rouge_n(*pair, 1), rouge_n(*pair, 2), rouge_l(*pair)) for pair in pairs]).reshape(-1, 3)


def _one_line(text: str) -> str:
    return " ".join(text.split())
