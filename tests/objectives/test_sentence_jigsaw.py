import numpy as np
import pytest

from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.objectives.sentence_jigsaw import SentenceJigsaw
from nlp_ssl.sampling.batch import check
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.show.baselines import accuracy_by_lengths, accuracy_by_words, row_lengths, row_words
from tests.objectives.pieces import Written, corrupted, novels, texts
from tests.worlds import random_documents, vocabulary


def test_by_hand() -> None:
    batch = texts([[10, 11], [12], [13, 14, 15]], [[20], [21], [22], [23, 24]], [[30], [31]])
    noise = Written([[0.0] * 3, [0.5, 0.9, 0.1], [0.0] * 3], order=[3, 5, 1])
    out = SentenceJigsaw().corrupt(batch, vocabulary(), noise)
    assert noise.asked == {"order": [6, 6, 6]}
    # Row 1: pieces 2, 3, 1. Row 2: cut before 21 and 23; pieces 3, 2, 1. Row 3 has two sentences for three pieces.
    assert out.ids.tolist() == [
        [2, 12, 3, 13, 14, 15, 3, 10, 11, 3],
        [2, 23, 24, 3, 21, 22, 3, 20, 3, 0],
        [2, 30, 31, 3, 0, 0, 0, 0, 0, 0],
    ]
    assert out.sentence[1].tolist() == [-1, 3, 3, -1, 1, 2, -1, 0, -1, -1]
    assert out.targets["sequence_classification"].labels.tolist() == [3, 5, -100]
    assert not out.token_type_ids.any()


def test_classes_are_the_orders() -> None:
    assert SentenceJigsaw(pieces=2).classes(vocabulary()) == ("1 2", "2 1")
    three = SentenceJigsaw().classes(vocabulary())
    assert three == ("1 2 3", "1 3 2", "2 1 3", "2 3 1", "3 1 2", "3 2 1")
    assert [len(SentenceJigsaw(pieces=n).classes(vocabulary())) for n in (4, 5)] == [24, 120]


@pytest.mark.parametrize("pieces", [2, 3, 5])
def test_the_class_gives_the_text_back(pieces: int) -> None:
    objective = SentenceJigsaw(pieces=pieces)
    clean, out = corrupted(objective, random_documents(0, 300), 60)
    names = objective.classes(vocabulary())
    labels = out.targets["sequence_classification"].labels
    assert len(labels) > 100 and labels.min() >= 0
    for row, label in enumerate(labels):
        shown = out.ids[row, 1 : out.length[row]].tolist()
        parts, part = [], []
        for token in shown:
            if token == 3:
                parts, part = [*parts, part], []
            else:
                part.append(token)
        order = [int(n) - 1 for n in names[label].split()]
        restored = [token for n in range(pieces) for token in parts[order.index(n)]]
        assert all(parts) and [2, *restored, 3] == clean.ids[row, : clean.length[row]].tolist()


def test_neither_lengths_nor_words_reveal_the_order() -> None:
    """The share of the largest of six classes is about 17 %."""
    _, out = corrupted(SentenceJigsaw(), novels(), 60)
    labels = out.targets["sequence_classification"].labels
    assert len(labels) > 1500
    assert np.bincount(labels).max() / len(labels) == pytest.approx(1 / 6, abs=0.03)
    assert accuracy_by_lengths(row_lengths(out), labels) == pytest.approx(1 / 6, abs=0.03)
    assert accuracy_by_words(row_words(out, 50), labels) == pytest.approx(1 / 6, abs=0.03)


def test_lengths_of_the_pieces_are_among_the_features() -> None:
    """Texts whose first piece is always longer than the second, and that than the third, are no puzzle."""
    batch = texts(*[[[10] * 9, [11] * 5, [12]]] * 1500)
    out = SentenceJigsaw().corrupt(batch, vocabulary(), Noise(0, 0, np.arange(1500)))
    labels = out.targets["sequence_classification"].labels
    assert accuracy_by_lengths(row_lengths(out), labels) > 0.9
    assert accuracy_by_words(row_words(out, 50), labels) == 1


def test_masked_tokens_are_predicted_in_the_shuffled_text() -> None:
    mixture = Mixture(objectives={"sentence_jigsaw": SentenceJigsaw(), "mlm": MaskedLM()})
    assert mixture.example_type == "segment"
    batch, noise = texts([[10, 11], [12], [13, 14, 15]]), Noise(0, 0, np.arange(1))
    out = mixture.corrupt(batch, vocabulary(), noise)
    check(out, vocabulary(), "test")
    shuffled = SentenceJigsaw().corrupt(batch, vocabulary(), noise)
    masked = out.targets["mlm"].labels
    assert np.array_equal(np.where(masked == -100, out.ids, masked), shuffled.ids)
    assert out.targets["sentence_jigsaw"].labels.tolist() == shuffled.targets["sequence_classification"].labels.tolist()
    with pytest.raises(ValueError, match=r"must read the text before mlm changes its tokens"):
        Mixture(objectives={"mlm": MaskedLM(), "sentence_jigsaw": SentenceJigsaw()})


@pytest.mark.parametrize("pieces", [1, 6])
def test_the_number_of_pieces_is_limited(pieces: int) -> None:
    with pytest.raises(ValueError, match=rf"pieces is {pieces}: it must lie in 2\.\.5"):
        SentenceJigsaw(pieces=pieces)
