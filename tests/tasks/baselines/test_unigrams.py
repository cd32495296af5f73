"""Bags of words."""

import numpy as np

from nlp_ssl.tasks.baselines.base import BaselineData
from nlp_ssl.tasks.baselines.unigrams import Unigrams
from nlp_ssl.tasks.kinds.classification import Classification
from nlp_ssl.tasks.splits import LabelledExamples

KIND = Classification(["no", "yes"])
LABELS = np.array([0, 1] * 10)


def accuracy(baseline: Unigrams, texts: list[str], pairs: list[str] | None = None) -> float:
    """Accuracy on the examples that the baseline was fitted to; their labels alternate between no and yes."""
    examples = LabelledExamples(texts * 10, None if pairs is None else pairs * 10, LABELS)
    outputs, facts = baseline.fit(BaselineData(KIND, examples, examples, examples, {"dev": examples}, "accuracy"))
    assert facts["C"] in baseline.Cs
    return KIND.score("accuracy", outputs["dev"], examples)


def test_words_are_seen_and_their_order_is_not() -> None:
    assert accuracy(Unigrams(), ["a dull film", "a fine film"]) == 1
    assert accuracy(Unigrams(), ["dog bites man", "man bites dog"]) == 0.5
    assert accuracy(Unigrams(), ["ไปบ้าน", "บ้านไป"]) == 0.5, "words of scripts without spaces"


def test_the_texts_of_a_pair_are_not_compared() -> None:
    assert accuracy(Unigrams(), ["a", "a"], ["b", "c"]) == 1
    examples = LabelledExamples(["a", "b", "a", "b"] * 5, ["a", "a", "b", "b"] * 5, np.array([1, 0, 0, 1] * 5))
    outputs, _ = Unigrams().fit(BaselineData(KIND, examples, examples, examples, {"dev": examples}, "accuracy"))
    assert np.allclose(outputs["dev"], np.log(0.5), atol=0.01)
