"""Properties of every kind of task."""

import numpy as np
import pytest

from nlp_ssl import registry
from nlp_ssl.tasks.kinds.base import ClassProbabilities, by_number, ids_of, known_labels, log, texts_of
from nlp_ssl.tasks.splits import LabelledExamples


@pytest.mark.parametrize("name", registry.names("task_kinds"))
def test_a_kind_names_itself_and_its_metrics(name: str) -> None:
    kind = registry.find("task_kinds", name)
    assert kind.name == name and kind.metrics
    assert kind.writes_text or {"majority"} <= set(kind.baselines)


def test_numbers_come_in_order_and_before_words() -> None:
    assert sorted(["b", "10", "2", "a", "²"], key=by_number) == ["2", "10", "a", "b", "²"]


def test_labels_may_be_written_as_ids_where_they_are_declared() -> None:
    assert ids_of(["bad", "good"], declared=False) == {"bad": 0, "good": 1}
    assert ids_of(["bad", "good"], declared=True) == {"bad": 0, "good": 1, "0": 0, "1": 1}
    assert ids_of(["1", "0"], declared=True) == {"1": 0, "0": 1}  # a name goes before an id
    assert known_labels(["bad", "good"]) == "bad (0), good (1)"
    assert known_labels(["0", "1"]) == "0, 1"


def test_texts_are_one_line_each() -> None:
    assert texts_of(LabelledExamples(["a\n b"], None, None)) == ["a b"]
    assert texts_of(LabelledExamples(["a"], ["b\tc"], None)) == ["a ||| b c"]


def test_a_class_that_the_classifier_has_not_seen_has_probability_zero() -> None:
    class Model:
        classes_ = np.array([0, 2])

        def predict_proba(self, features: np.ndarray) -> np.ndarray:
            return np.array([[0.25, 0.75]])

    assert ClassProbabilities(Model(), 3).outputs(np.zeros((1, 4))).tolist() == [[0.25, 0.0, 0.75]]
    assert log(np.array([0.0, 1.0])).tolist() == [-np.inf, 0.0]
