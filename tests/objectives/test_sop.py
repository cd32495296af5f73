import numpy as np
import pytest

from nlp_ssl.objectives.sop import SentenceOrderPrediction
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.examples import TokenStream, find_examples
from nlp_ssl.sampling.framing import frame
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.show.baselines import accuracy_by_lengths, row_lengths
from tests.worlds import random_documents, shard, vocabulary


class Coin(Noise):
    def __init__(self, sides: list[int]) -> None:
        self.sides = sides

    def integers(self, stream, high):
        assert high.tolist() == [2] * len(self.sides)
        return np.array(self.sides)


def test_by_hand() -> None:
    batch = Batch(
        ids=np.array(
            [[2, 10, 11, 3, 12, 13, 14, 3, 0], [2, 10, 11, 12, 3, 13, 3, 0, 0], [2, 10, 3, 11, 12, 3, 0, 0, 0]]
        ),
        length=np.array([8, 7, 6]),
        text_tokens=np.array([5, 4, 3]),
        example_class=np.zeros(3, np.int64),
        sentence=np.array(
            [[-1, 0, 0, -1, 1, 1, 2, -1, -1], [-1, 0, 0, 1, -1, 2, -1, -1, -1], [-1, 0, -1, 1, 1, -1, -1, -1, -1]],
            np.int16,
        ),
        token_type_ids=np.array(
            [[0, 0, 0, 0, 1, 1, 1, 1, 0], [0, 0, 0, 0, 0, 1, 1, 0, 0], [0, 0, 0, 1, 1, 1, 0, 0, 0]]
        ),
    )
    out = SentenceOrderPrediction().corrupt(batch, vocabulary(), Coin([1, 1, 0]))
    assert out.ids.tolist() == [
        [2, 12, 13, 14, 3, 10, 11, 3, 0],
        [2, 13, 3, 10, 11, 12, 3, 0, 0],
        [2, 10, 3, 11, 12, 3, 0, 0, 0],
    ]
    assert out.token_type_ids.tolist() == [
        [0, 0, 0, 0, 0, 1, 1, 1, 0],
        [0, 0, 0, 1, 1, 1, 1, 0, 0],
        [0, 0, 0, 1, 1, 1, 0, 0, 0],
    ]
    assert out.sentence.tolist()[0] == [-1, 1, 1, 2, -1, 0, 0, -1, -1]
    assert out.targets["sequence_classification"].labels.tolist() == [1, 1, 0]


def test_half_of_the_pairs_are_swapped_and_no_token_is_lost() -> None:
    text = TokenStream([shard(random_documents(0, 400))])
    found = find_examples(text, "pair", "encoder", 60)
    start, length, noise = found.start, found.length.astype(np.int64), Noise(1, 0, np.arange(len(found)))
    batch = frame(text, vocabulary(), "pair", "encoder", start, length, 60, noise)
    out = SentenceOrderPrediction().corrupt(batch, vocabulary(), noise)
    assert np.array_equal(np.sort(out.ids, axis=1), np.sort(batch.ids, axis=1))
    swapped = out.targets["sequence_classification"].labels
    assert swapped.mean() == pytest.approx(0.5, abs=0.06)
    assert np.array_equal(out.ids[swapped == 0], batch.ids[swapped == 0])
    assert np.array_equal(out.token_type_ids.sum(axis=1) > 1, np.full(len(found), True))


def test_lengths_do_not_reveal_the_order() -> None:
    draw = np.random.default_rng(0)
    documents = [[[7] * int(n) for n in 1 + draw.poisson(draw.gamma(2, 5, 4000))] for _ in range(3)]
    text = TokenStream([shard(documents)])
    found = find_examples(text, "pair", "encoder", 60)
    start, length, noise = found.start, found.length.astype(np.int64), Noise(1, 0, np.arange(len(found)))
    batch = frame(text, vocabulary(), "pair", "encoder", start, length, 60, noise)
    out = SentenceOrderPrediction().corrupt(batch, vocabulary(), noise)
    assert len(found) > 2000
    # 0.62 where as many sentences make a run as fit: it begins with a long one, and ends with a short one
    assert accuracy_by_lengths(row_lengths(out), out.targets["sequence_classification"].labels) == pytest.approx(
        0.5, abs=0.03
    )
