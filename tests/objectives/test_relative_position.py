import numpy as np
import pytest

from nlp_ssl.objectives.relative_position import RelativePosition
from nlp_ssl.show.baselines import accuracy_by_lengths, accuracy_by_words, row_lengths, row_words
from tests.objectives.pieces import Written, corrupted, novels, texts
from tests.worlds import random_documents, vocabulary


def test_by_hand() -> None:
    batch = texts([[10, 11], [12], [13, 14, 15]], [[20], [21], [22, 23], [24]], [[30], [31], [32]], [[40], [41]])
    noise = Written([[0.0] * 3, [0.5, 0.9, 0.1], [0.0] * 3, [0.0] * 3], position=[1, 3, 0, 2], pair=[1, 0, 0, 0])
    out = RelativePosition().corrupt(batch, vocabulary(), noise)
    assert noise.asked == {"position": [4] * 4, "pair": [2, 1, 1, 2]}  # pairs at distances 1, 2, 2, 1 of three pieces
    # Row 1: piece 3, then 2. Row 2: cut before 21 and 24; piece 1, then 3. Row 3: piece 3, then 1. Row 4 is too short.
    assert out.ids.tolist() == [
        [2, 13, 14, 15, 3, 12, 3, 0],
        [2, 20, 3, 24, 3, 0, 0, 0],
        [2, 32, 3, 30, 3, 0, 0, 0],
        [2, 40, 41, 3, 0, 0, 0, 0],
    ]
    assert out.token_type_ids.tolist() == [
        [0, 0, 0, 0, 0, 1, 1, 0],
        [0, 0, 0, 1, 1, 0, 0, 0],
        [0, 0, 0, 1, 1, 0, 0, 0],
        [0] * 8,
    ]
    labels = out.targets["sequence_classification"].labels.tolist()
    names = RelativePosition().classes(vocabulary())
    assert [names[label] for label in labels[:3]] == ["-1", "+2", "-2"] and labels[3] == -100


def test_classes_are_the_positions() -> None:
    assert RelativePosition().classes(vocabulary()) == ("-2", "-1", "+1", "+2")
    four = RelativePosition(distance=4).classes(vocabulary())
    assert four == ("-4", "-3", "-2", "-1", "+1", "+2", "+3", "+4")


def test_pieces_are_as_far_apart_as_the_class_says() -> None:
    """Sentences of one token that counts them, in texts of five: each is a piece."""
    batch = [[[5 + n] for n in range(5)]] * 800
    clean, out = corrupted(RelativePosition(distance=4), batch, 9)
    assert len(clean.ids) == 800 and out.length.tolist() == [5] * 800
    step = out.ids[:, 3] - out.ids[:, 1]
    names = np.array(RelativePosition(distance=4).classes(vocabulary()))
    labels = out.targets["sequence_classification"].labels
    assert names[labels].tolist() == [f"{s:+d}" for s in step]
    counts = np.bincount(labels, minlength=8)
    assert np.abs(counts - 100).max() < 4 * np.sqrt(100)
    firsts = out.ids[labels == 4, 1] - 5  # "+1": any of the first four may be the first
    assert np.unique(firsts).tolist() == [0, 1, 2, 3]


def test_neither_lengths_nor_words_reveal_the_position() -> None:
    """The share of the largest of four classes is about 25 %."""
    _, out = corrupted(RelativePosition(), novels(), 60)
    labels = out.targets["sequence_classification"].labels
    assert len(labels) > 1500 and labels.min() == 0
    assert accuracy_by_lengths(row_lengths(out), labels) == pytest.approx(0.25, abs=0.035)
    assert accuracy_by_words(row_words(out, 50), labels) == pytest.approx(0.25, abs=0.035)


def test_texts_have_enough_sentences() -> None:
    clean, out = corrupted(RelativePosition(distance=3), random_documents(0, 300), 60)
    assert (clean.sentence.max(axis=1) >= 3).all()
    assert (out.targets["sequence_classification"].labels >= 0).all()


def test_a_distance_below_1_is_refused() -> None:
    with pytest.raises(ValueError, match="distance is 0: it must be at least 1"):
        RelativePosition(distance=0)
