"""What fine-tuning and probing have in common."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.experiment import find_task, score_task
from nlp_ssl.evaluation.probe import Probe, _Probing
from nlp_ssl.tasks.declaration import with_flags
from nlp_ssl.tasks.splits import LabelledExamples, load_splits

Run = Callable[[str], Path]


def options(run: Path, data: Path, out: Path, **others: object) -> Probe:
    values = {"run": run, "task": "cues", "data": (data,), "out": out, "text_column": "text", "label_column": "label"}
    return Probe(**values | others)


def experiment(asked: Probe) -> _Probing:
    task = with_flags(find_task(asked.task), "text", None, "label", (), None)
    labels, splits = load_splits(task, asked.data)
    return _Probing(asked, task, asked.run / "model", labels, splits)


def test_the_selection_part_is_the_last_of_the_training_examples(run: Run, cues: Path, tmp_path: Path) -> None:
    few = experiment(options(run("mlm"), cues, tmp_path / "few", train_examples=40))
    more = experiment(options(run("mlm"), cues, tmp_path / "more", train_examples=100))
    assert len(few.train) == 40 and few.train.texts == few.fitting.texts + few.selection.texts
    assert more.train.texts[:40] == few.train.texts  # 40 are part of 100
    whole = experiment(options(run("mlm"), cues, tmp_path / "whole")).train.labels  # shares of labels are kept
    assert np.bincount(few.train.labels) / 40 == pytest.approx(np.bincount(whole) / 400, abs=1 / 40)
    assert list(few.predicted) == ["dev"]


def test_words_that_are_cut_off_get_the_most_frequent_label(run: Run, cues: Path, tmp_path: Path) -> None:
    made = experiment(options(run("mlm"), cues, tmp_path / "out", train_examples=40))
    made.fitting = LabelledExamples(["a"] * 3, None, np.array([1, 1, 0]))
    outputs = np.array([[3.0, 4.0], [5.0, 6.0]])
    assert made.with_cut_words(outputs.copy(), np.array([True, True])).tolist() == outputs.tolist()
    assert made.with_cut_words(outputs, np.array([True, False])).tolist() == [[3.0, 4.0], [0.0, 1.0]]


@pytest.mark.parametrize(
    ("train_examples", "message"),
    [
        (401, "--train-examples 401: cues has only 400 training examples"),
        (10, "--train-examples is 10: it must be at least 20"),
    ],
)
def test_a_number_of_examples_that_is_not_there(run, cues, tmp_path, train_examples: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        score_task(_Probing, options(run("mlm"), cues, tmp_path / "out", train_examples=train_examples))
    assert not (tmp_path / "out").exists()


def test_a_task_is_declared_or_ones_own() -> None:
    assert find_task("sst2").title != "" and find_task("sst2").name == "sst2"
    assert find_task("nothing like it").name == "nothing like it"
