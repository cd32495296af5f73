"""Statistics over a sample, and warnings."""

import numpy as np
import pytest

from nlp_ssl.objectives.hybrid import Hybrid
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.objectives.nsp import NextSentencePrediction
from nlp_ssl.sampling.examples import ExampleIndex
from nlp_ssl.show.baselines import accuracy_by_lengths
from nlp_ssl.show.statistics import concerns, covered


def test_text_in_overlapping_examples_counts_once() -> None:
    """Tokens 2 to 8, 10 and 11, whatever the order of the examples."""
    index = ExampleIndex(start=np.array([4, 2, 10, 3]), length=np.array([5, 4, 2, 2], np.int32), special=2, skipped=0)
    assert covered(index) == 9
    assert covered(index.take(np.arange(0))) == 0


def test_unusual_statistics_are_warned_about() -> None:
    mixture = Mixture(objectives={"mlm": MaskedLM()})
    good = {"targets": 10, "rows_without_targets": 0.0}
    figures = {"rows_unchanged": 0.0, "answer_in_the_input": 0.0, "text_in_examples": 1.0, "losses": {"mlm": good}}
    assert concerns(figures, mixture) == []
    (said,) = concerns(figures | {"rows_unchanged": 0.2}, mixture)
    assert said == "20% of the examples are unchanged: the model can copy their targets from the input"
    (said,) = concerns(figures | {"losses": {"nsp": {"targets": 9, "majority_accuracy": 1.0}}}, mixture)
    assert said == "nsp: 100% of the labels are of one class"
    assert "nothing to predict" in concerns(figures | {"losses": {"mlm": good | {"targets": 0}}}, mixture)[0]
    assert "50% of the text is in no example" in concerns(figures | {"text_in_examples": 0.5}, mixture)[0]


def test_causal_examples_are_unchanged_and_have_nothing_masked() -> None:
    part = {"targets": 10, "rows_without_targets": 0.5}
    figures = {"rows_unchanged": 0.5, "answer_in_the_input": 0.0, "text_in_examples": 1.0}
    mixture = Mixture(objectives={"hybrid": Hybrid()})
    assert concerns(figures | {"losses": {"mntp": part, "clm": part}}, mixture) == []


def test_labels_that_lengths_reveal_are_warned_about() -> None:
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 2, 2000)
    telling = np.stack([draw.integers(0, 9, 2000), draw.integers(0, 9, 2000) + 4 * labels], axis=1)
    assert accuracy_by_lengths(telling[:, :1], labels) == pytest.approx(0.5, abs=0.05)
    assert accuracy_by_lengths(telling, labels) > 0.7
    figures = {"accuracy_by_lengths_alone": 0.7, "majority_accuracy": 0.51, "targets": 2000}
    common = {"answer_in_the_input": 0.0, "rows_unchanged": 0.0, "text_in_examples": 1.0}
    mixture = Mixture(objectives={"nsp": NextSentencePrediction()})
    (said,) = concerns({**common, "losses": {"nsp": figures}}, mixture)
    assert said.startswith("nsp: text and sentence lengths alone predict 70% of the labels (the majority is 51%)")
