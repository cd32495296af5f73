from collections import Counter

import numpy as np

from nlp_ssl.objectives.document_rotation import DocumentRotation
from nlp_ssl.sampling.batch import Batch, check
from nlp_ssl.sampling.noise import Noise
from tests.objectives.test_sentence_permutation import rows_of
from tests.worlds import vocabulary


class Offsets(Noise):
    def __init__(self, drawn: list[int], high: list[int]) -> None:
        self.drawn, self.high = drawn, high

    def integers(self, stream, high):
        assert high.tolist() == self.high
        return np.array(self.drawn)


def test_by_hand() -> None:
    batch = rows_of([[10, 11], [12, 13, 14]], [[20], [21, 22]], [[30]], [[40, 41]], width=10)
    before = batch.ids.copy()
    out = DocumentRotation().corrupt(batch, vocabulary(), Offsets([2, 0, 0, 0], high=[4, 2, 0, 1]))
    assert out.ids.tolist() == [
        [2, 13, 14, 10, 11, 12, 3, 0, 0, 0],
        [2, 21, 22, 20, 3, 0, 0, 0, 0, 0],
        [2, 30, 3, 0, 0, 0, 0, 0, 0, 0],
        [2, 41, 40, 3, 0, 0, 0, 0, 0, 0],
    ]
    assert out.sentence.tolist()[0] == [-1, 1, 1, 0, 0, 1, -1, -1, -1, -1]
    assert out.targets["seq2seq_lm"].tokens.tolist()[:2] == [
        [10, 11, 12, 13, 14, 3, -100, -100, -100],
        [20, 21, 22, 3, -100, -100, -100, -100, -100],
    ]
    assert out.length.tolist() == [7, 5, 3, 4]
    assert np.array_equal(batch.ids, before)


def rotated(tokens: int, rows: int) -> Batch:
    batch = rows_of(*[[list(range(5, 5 + tokens))]] * rows, width=40)
    out = DocumentRotation().corrupt(batch, vocabulary(), Noise(2, 0, np.arange(rows)))
    check(out, vocabulary(), "test")
    return out


def test_every_other_token_begins_equally_often() -> None:
    found = Counter(rotated(4, 9000).ids[:, 1].tolist())
    assert set(found) == {6, 7, 8}
    assert max(abs(n - 3000) for n in found.values()) < 4 * 2000**0.5


def test_every_row_changes_and_no_token_is_lost() -> None:
    for tokens in range(2, 38):
        out = rotated(tokens, 50)
        inner = out.ids[:, 1 : tokens + 1]
        assert (np.sort(inner, axis=1) == np.arange(5, 5 + tokens)).all()
        assert (inner[:, 0] != 5).all()
        assert (((inner[:, 1:] - inner[:, :-1]) % tokens) == 1 % tokens).all()  # one after the other, and around
        assert (out.ids[:, 0] == 2).all() and (out.ids[:, tokens + 1] == 3).all()
