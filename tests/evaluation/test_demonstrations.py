import numpy as np
import pytest

from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.demonstrations import draw_demonstrations, random_labels
from nlp_ssl.tasks.splits import LabelledExamples

TRAIN = LabelledExamples([f"train text {i}" for i in range(300)], None, np.arange(300) % 3 // 2)
"""Two examples of class 0 for each of class 1."""
DEV = LabelledExamples([f"dev text {i}" for i in range(50)], None, np.zeros(50, np.int64))


def test_classes_are_in_proportion_and_each_seed_draws_others() -> None:
    drawn = [draw_demonstrations(TRAIN, DEV, 6, seed) for seed in (1, 1, 2)]
    assert [np.bincount(each.labels).tolist() for each in drawn] == [[4, 2]] * 3
    assert drawn[0].texts == drawn[1].texts and not set(drawn[0].texts) & set(drawn[2].texts)


def test_no_label_has_a_place_of_its_own() -> None:
    """Of three demonstrations, that of the rarer class is last in a third of the draws."""
    last = [int(draw_demonstrations(TRAIN, DEV, 3, seed).labels[-1]) for seed in range(1, 201)]
    assert np.mean(last) == pytest.approx(1 / 3, abs=0.1)


def test_texts_of_dev_are_not_demonstrations() -> None:
    train = LabelledExamples([*DEV.texts, *TRAIN.texts[:60]], None, np.arange(110) % 2)
    for seed in range(1, 6):
        assert all(text.startswith("train") for text in draw_demonstrations(train, DEV, 8, seed).texts)
    with pytest.raises(
        InputError, match="--shots 8: only 0 of 50 examples of train have texts that dev does not repeat"
    ):
        draw_demonstrations(DEV, DEV, 8, 1)


def test_random_labels_are_uniform_and_repeat() -> None:
    found = np.concatenate([random_labels(4, seed, 3) for seed in range(500)])
    assert np.bincount(found) / len(found) == pytest.approx([1 / 3] * 3, abs=0.04)
    assert random_labels(4, 7, 3).tolist() == random_labels(4, 7, 3).tolist()
