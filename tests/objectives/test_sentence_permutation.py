from collections import Counter

import numpy as np
import pytest

from nlp_ssl.objectives.sentence_permutation import TRIES, SentencePermutation
from nlp_ssl.sampling.batch import Batch, check
from nlp_ssl.sampling.examples import TokenStream, find_examples
from nlp_ssl.sampling.framing import frame
from nlp_ssl.sampling.noise import Noise
from tests.worlds import random_documents, shard, vocabulary


class Lots(Noise):
    """Draws that are given: of each stream, or the same of all whose names begin alike."""

    def __init__(self, **streams: list[list[float]]) -> None:
        self.streams = {name: np.array(rows, np.float32) for name, rows in streams.items()}

    def take(self, rows):
        part = Lots()
        part.streams = {name: draws[rows] for name, draws in self.streams.items()}
        return part

    def uniform(self, stream, width):
        draws = self.streams[stream.split()[0]]
        assert draws.shape[1] == width
        return draws.copy()


def rows_of(*rows: list[list[int]], width: int) -> Batch:
    """Rows of sentences between [CLS] and [SEP]."""
    ids, sentence = np.zeros((len(rows), width), np.int64), np.full((len(rows), width), -1, np.int16)
    for i, sentences in enumerate(rows):
        tokens = [token for tokens in sentences for token in tokens]
        ids[i, : len(tokens) + 2] = [2, *tokens, 3]
        sentence[i, 1 : len(tokens) + 1] = np.repeat(np.arange(len(sentences)), [len(s) for s in sentences])
    length = np.count_nonzero(ids, axis=1)
    return Batch(
        ids=ids,
        length=length,
        sentence=sentence,
        token_type_ids=np.zeros_like(ids),
        text_tokens=length - 2,
        example_class=np.zeros(len(rows), np.int64),
    )


def test_by_hand() -> None:
    batch = rows_of(
        [[10, 11], [12], [13, 14, 15]],
        [[20], [21, 22]],  # the draws would leave it: two always change places
        [[30, 31]],
        [[40], [41], [42]],  # the draws would leave it time and again: it is turned by one
        width=9,
    )
    before = batch.ids.copy()
    order = [[0.5, 0.1, 0.9], [0.2, 0.3, 0.1], [0.5, 0.1, 0.2], [0.1, 0.2, 0.3]]
    out = SentencePermutation().corrupt(batch, vocabulary(), Lots(which=[[0.5, 0.5, 0.5]] * 4, order=order))
    assert out.ids.tolist() == [
        [2, 12, 10, 11, 13, 14, 15, 3, 0],
        [2, 21, 22, 20, 3, 0, 0, 0, 0],
        [2, 30, 31, 3, 0, 0, 0, 0, 0],
        [2, 41, 42, 40, 3, 0, 0, 0, 0],
    ]
    assert out.sentence.tolist() == [
        [-1, 1, 0, 0, 2, 2, 2, -1, -1],
        [-1, 1, 1, 0, -1, -1, -1, -1, -1],
        [-1, 0, 0, -1, -1, -1, -1, -1, -1],
        [-1, 1, 2, 0, -1, -1, -1, -1, -1],
    ]
    assert out.targets["seq2seq_lm"].tokens.tolist() == [
        [10, 11, 12, 13, 14, 15, 3, -100],
        [20, 21, 22, 3, -100, -100, -100, -100],
        [30, 31, 3, -100, -100, -100, -100, -100],
        [40, 41, 42, 3, -100, -100, -100, -100],
    ]
    assert out.length.tolist() == batch.length.tolist() == [8, 5, 4, 5]
    assert np.array_equal(batch.ids, before)


def test_a_part_of_the_sentences_by_hand() -> None:
    """Half of four take part, those of the lowest draws; half of two would be one: at least two take part."""
    batch = rows_of([[10, 11], [12], [13], [14]], [[20], [21]], width=8)
    noise = Lots(which=[[0.9, 0.1, 0.8, 0.2], [0.5, 0.6, 0.1, 0.1]], order=[[0.5, 0.5, 0.5, 0.4], [0.2, 0.1, 0, 0]])
    out = SentencePermutation(ratio=0.5).corrupt(batch, vocabulary(), noise)
    assert out.ids.tolist() == [[2, 10, 11, 14, 13, 12, 3, 0], [2, 21, 20, 3, 0, 0, 0, 0]]


def test_the_output_of_other_corruptions_is_permuted() -> None:
    """A rotated row whose sentence 1 begins and ends it, sentence 0 being gone: two runs, which change places."""
    batch = rows_of([[12, 13, 11]], width=8)
    batch.sentence[0, 1:4] = [1, 2, 1]
    order = [[0.2, 0.3, 0.1]]
    out = SentencePermutation().corrupt(batch, vocabulary(), Lots(which=[[0.5] * 3], order=order))
    assert out.ids.tolist() == [[2, 11, 12, 13, 3, 0, 0, 0]]
    assert out.sentence.tolist() == [[-1, 1, 1, 2, -1, -1, -1, -1]]


@pytest.fixture(scope="module")
def clean() -> tuple[Batch, Noise]:
    text = TokenStream([shard(random_documents(0, 400))])
    found = find_examples(text, "segment", "seq2seq", 60)
    noise = Noise(1, 0, np.arange(len(found)))
    start, length = found.start, found.length.astype(np.int64)
    return frame(text, vocabulary(), "segment", "seq2seq", start, length, 60, noise), noise


def runs(row: np.ndarray) -> list[int]:
    """The sentences of a row from the left, each named once."""
    found = [int(n) for n in row if n >= 0]
    return [n for i, n in enumerate(found) if i == 0 or found[i - 1] != n]


@pytest.mark.parametrize("ratio", [1.0, 0.4])
def test_whole_sentences_are_moved_and_never_stay(ratio, clean) -> None:
    batch, noise = clean
    out = SentencePermutation(ratio=ratio).corrupt(batch, vocabulary(), noise)
    check(out, vocabulary(), "test")
    assert np.array_equal(np.sort(out.ids, axis=1), np.sort(batch.ids, axis=1))
    width = np.arange(60)
    special = (width == 0) | (width >= batch.length[:, None] - 1)
    assert np.array_equal(out.ids[special], batch.ids[special])
    counts = set()
    for before, after, ids, was in zip(batch.sentence, out.sentence, out.ids, batch.ids, strict=True):
        order = runs(after)
        assert sorted(order) == runs(before)  # in one piece, each
        assert all(np.array_equal(ids[after == n], was[before == n]) for n in order)
        stayed = sum(place == n for place, n in enumerate(order))
        taking_part = max(2, int(np.ceil(ratio * len(order) - 1e-9)))
        if len(order) == 1:
            assert stayed == 1
        else:
            assert len(order) - taking_part <= stayed <= len(order) - 2
        counts.add(len(order))
    assert {1, 2, 3, 4, 5} <= counts


def test_all_other_orders_of_three_are_equally_likely() -> None:
    rows = 20_000
    batch = rows_of(*[[[10, 11], [12], [13, 14]]] * rows, width=8)
    out = SentencePermutation().corrupt(batch, vocabulary(), Noise(3, 0, np.arange(rows)))
    found = Counter(tuple(runs(row)) for row in out.sentence)
    assert set(found) == {(0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)}
    # A fifth each, 4,000; in 1 row of 6 ** TRIES the draws run out.
    assert TRIES >= 4
    assert max(abs(n - rows / 5) for n in found.values()) < 4 * (rows * 0.2 * 0.8) ** 0.5


def test_a_row_is_permuted_alike_in_any_batch(clean) -> None:
    batch, noise = clean
    some = np.array([5, 60, 17])
    whole, part = (
        SentencePermutation(ratio=0.6).corrupt(b, vocabulary(), n)
        for b, n in ((batch, noise), (batch.take(some), noise.take(some)))
    )
    width = part.ids.shape[1]
    assert np.array_equal(whole.ids[some][:, :width], part.ids)


def test_texts_of_one_sentence_cannot_serve() -> None:
    single, one_of_two = TokenStream([shard([[[10, 11]]] * 5)]), TokenStream([shard([[[10, 11]]] * 5 + [[[12], [13]]])])
    objective = SentencePermutation()
    assert len(objective.examples(single, vocabulary(), "seq2seq", 20)) == 0
    assert len(objective.examples(one_of_two, vocabulary(), "seq2seq", 20)) == 6


@pytest.mark.parametrize("ratio", [0.0, 1.1])
def test_a_wrong_ratio_is_refused(ratio) -> None:
    with pytest.raises(ValueError, match="ratio is"):
        SentencePermutation(ratio=ratio)
