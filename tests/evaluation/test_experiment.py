"""The common base of fine-tuning and probing."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nlp_ssl.evaluation.probe import Probe, _Probing
from nlp_ssl.tasks.splits import LabelledExamples, load_splits

Run = Callable[[str], Path]


def options(run: Path, data: Path, out: Path, **others: object) -> Probe:
    values = {"run": run, "task": "cues", "data": (data,), "out": out, "text_column": "text", "label_column": "label"}
    return Probe(**values | others)


def experiment(asked: Probe) -> _Probing:
    task = asked.task_named(asked.task)
    labels, splits = load_splits(task, asked.data)
    return _Probing(asked, task, asked.run / "model", labels, splits)


def test_the_selection_part_is_the_last_of_the_training_examples(run: Run, cues: Path, tmp_path: Path) -> None:
    few = experiment(options(run("mlm"), cues, tmp_path / "few", train_examples=40))
    more = experiment(options(run("mlm"), cues, tmp_path / "more", train_examples=100))
    for one, other in zip(few.draws, more.draws, strict=True):
        assert len(one.train) == 40 and one.train.texts == one.fitting.texts + one.selection.texts
        assert other.train.texts[:40] == one.train.texts  # 40 are part of 100
    whole = experiment(options(run("mlm"), cues, tmp_path / "whole"))  # shares of labels are kept
    labels = whole.draws[0].train.labels
    assert np.bincount(few.draws[0].train.labels) / 40 == pytest.approx(np.bincount(labels) / 400, abs=1 / 40)
    assert (list(few.predicted), list(whole.predicted)) == (["dev", "unused"], ["dev"])
    assert (len(few.draws), len(whole.draws)) == (3, 1)


def test_each_seed_has_its_draw(run: Run, cues: Path, tmp_path: Path) -> None:
    few = experiment(options(run("mlm"), cues, tmp_path / "few", train_examples=40))
    assert few.draw(2).train.texts == few.trains()["train2"].texts != few.draw(1).train.texts
    assert few.draw(1).train.texts == few.trains()["train"].texts
    whole = experiment(options(run("mlm"), cues, tmp_path / "whole"))
    assert [whole.train_name(seed) for seed in (1, 2)] == ["train", "train"] and whole.draw(3) is whole.draws[0]


def test_words_that_are_cut_off_get_the_most_frequent_label(run: Run, cues: Path, tmp_path: Path) -> None:
    made = experiment(options(run("mlm"), cues, tmp_path / "out", train_examples=40))
    draw = replace(made.draws[0], fitting=LabelledExamples(["a"] * 3, None, np.array([1, 1, 0])))
    outputs = np.array([[3.0, 4.0], [5.0, 6.0]])
    assert made.with_cut_words(outputs.copy(), np.array([True, True]), draw).tolist() == outputs.tolist()
    assert made.with_cut_words(outputs, np.array([True, False]), draw).tolist() == [[3.0, 4.0], [0.0, 1.0]]
