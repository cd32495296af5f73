import numpy as np
import pytest

from nlp_ssl.objectives.rotation_detection import RotationDetection
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.show.baselines import accuracy_by_lengths, accuracy_by_words, row_lengths, row_words
from tests.objectives.pieces import Written, corrupted, novels, texts
from tests.worlds import random_documents, vocabulary


def test_by_hand() -> None:
    batch = texts(
        [[10, 11], [12], [13, 14, 15], [16], [17]],
        [[20, 21], [22], [23]],
        [[30], [31], [32]],
        [[40], [41]],
    )
    noise = Written(part=[2, 1, 0, 1], sentence=[1, 0, 0, 0])
    out = RotationDetection().corrupt(batch, vocabulary(), noise)
    # Row 1: of the 4 sentences that may be before the beginning, the second part has 3 and 4. Here it is 4.
    # Row 2: the beginning is behind one sentence. Row 3 is not rotated. Row 4 has two sentences, which is too few.
    assert noise.asked["part"] == [3] * 4 and noise.asked["sentence"][:2] == [2, 1]
    assert out.ids.tolist() == [
        [2, 12, 13, 14, 15, 16, 17, 10, 11, 3],
        [2, 23, 20, 21, 22, 3, 0, 0, 0, 0],
        [2, 30, 31, 32, 3, 0, 0, 0, 0, 0],
        [2, 40, 41, 3, 0, 0, 0, 0, 0, 0],
    ]
    assert out.sentence[1].tolist() == [-1, 2, 0, 0, 1, -1, -1, -1, -1, -1]
    assert out.targets["sequence_classification"].labels.tolist() == [2, 1, 0, -100]


def test_classes_are_the_parts() -> None:
    assert RotationDetection().classes(vocabulary()) == ("not rotated", "part 1 of 2", "part 2 of 2")


@pytest.mark.parametrize(("parts", "sentences"), [(1, 2), (2, 3), (2, 8), (3, 9), (4, 5), (4, 11)])
def test_the_beginning_is_in_the_part_of_the_class(parts: int, sentences: int) -> None:
    """Sentences of one token that counts them: the place of the first one is the number of sentences before it."""
    batch = texts(*[[[5 + n] for n in range(sentences)]] * 2000)
    out = RotationDetection(parts=parts).corrupt(batch, vocabulary(), Noise(0, 0, np.arange(2000)))
    labels = out.targets["sequence_classification"].labels
    before = np.argmax(out.ids == 5, axis=1) - 1
    places = [np.unique(before[labels == label]).tolist() for label in range(parts + 1)]
    assert places[0] == [0]
    assert [place for part in places for place in part] == list(range(sentences))  # parts are runs of places, in order
    assert max(map(len, places[1:])) - min(map(len, places[1:])) <= 1
    counts = np.bincount(labels, minlength=parts + 1)
    assert np.abs(counts - 2000 / (parts + 1)).max() < 4 * np.sqrt(2000 / (parts + 1))
    turned = (out.ids[:, 1:-1] - 5 - (sentences - before)[:, None]) % sentences
    assert (turned == np.arange(sentences)).all()  # otherwise the order stays


def test_neither_lengths_nor_words_reveal_the_rotation() -> None:
    """The share of the largest of three classes is about 33 %."""
    clean, out = corrupted(RotationDetection(), novels(), 60)
    labels = out.targets["sequence_classification"].labels
    assert len(labels) > 1500
    assert accuracy_by_lengths(row_lengths(out), labels) == pytest.approx(1 / 3, abs=0.04)
    assert accuracy_by_words(row_words(out, 50), labels) == pytest.approx(1 / 3, abs=0.04)
    assert np.array_equal(np.sort(out.ids, axis=1), np.sort(clean.ids, axis=1))


def test_texts_have_enough_sentences() -> None:
    clean, out = corrupted(RotationDetection(parts=3), random_documents(0, 300), 60)
    assert (clean.sentence.max(axis=1) >= 3).all()
    assert (out.targets["sequence_classification"].labels >= 0).all()


def test_fewer_than_one_part_is_refused() -> None:
    with pytest.raises(ValueError, match="parts is 0: it must be at least 1"):
        RotationDetection(parts=0)
