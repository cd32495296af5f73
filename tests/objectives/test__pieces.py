"""Dividing texts into pieces, and rearranging them."""

from dataclasses import replace

import numpy as np

from nlp_ssl.objectives._pieces import arranged, divided, halved_texts, sentence_starts, with_class
from nlp_ssl.sampling.examples import TokenStream
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import TokenTargets
from tests.objectives.pieces import Written, texts
from tests.worlds import random_documents, shard, vocabulary

TWO = texts([[10, 11], [12], [13, 14, 15]], [[20, 21]])


def test_where_sentences_start() -> None:
    count, starts = sentence_starts(TWO)
    assert count.tolist() == [3, 1]
    assert starts.tolist() == [[1, 3, 4, 7], [1, 3, 3, 3]]


def test_pieces_begin_at_the_sentences_with_the_lowest_draws() -> None:
    batch = texts([[10, 11], [12], [13, 14], [15]], [[20], [21], [22]], [[30], [31]])
    noise = Written([[0.5, 0.1, 0.3], [0.9, 0.2, 0.1], [0.0, 0.0, 0.0]])
    columns, able = divided(batch, 3, noise)
    assert able.tolist() == [True, True, False]
    assert columns[:2].tolist() == [[1, 4, 6, 7], [1, 2, 3, 4]]  # before 13 and 15, and before 21 and 22


def test_all_divisions_are_equally_likely() -> None:
    batch = texts(*[[[10], [11], [12], [13]]] * 3000)
    columns, _ = divided(batch, 3, Noise(0, 0, np.arange(3000)))
    found, counts = np.unique(columns, axis=0, return_counts=True)
    assert found.tolist() == [[1, 2, 3, 5], [1, 2, 4, 5], [1, 3, 4, 5]]
    assert np.abs(counts - 1000).max() < 4 * np.sqrt(1000 * 2 / 3)


def test_pieces_are_rearranged_with_separators_between_them() -> None:
    start, size = np.array([[4, 1, 3], [0, 0, 0]]), np.array([[3, 2, 1], [0, 0, 0]])
    out = arranged(TWO, start, size, np.array([True, False]), vocabulary())
    assert out.ids.tolist() == [[2, 13, 14, 15, 3, 10, 11, 3, 12, 3], [2, 20, 21, 3, 0, 0, 0, 0, 0, 0]]
    assert out.length.tolist() == [10, 4]
    assert out.sentence[0].tolist() == [-1, 2, 2, 2, -1, 0, 0, -1, 1, -1]
    assert not out.token_type_ids.any()


def test_of_two_pieces_the_second_has_another_token_type() -> None:
    out = arranged(TWO, np.array([[3, 1], [0, 0]]), np.array([[1, 2], [0, 0]]), np.array([True, False]), vocabulary())
    assert out.ids[0, :6].tolist() == [2, 12, 3, 10, 11, 3]
    assert out.token_type_ids[:, :6].tolist() == [[0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 0, 0]]
    assert out.length.tolist() == [6, 4]


def test_labels_move_with_their_tokens() -> None:
    labels = np.where(np.isin(TWO.ids, [11, 13, 20]), TWO.ids, -100)
    masked = replace(TWO, targets={"masked_lm": TokenTargets(labels=labels)})
    out = arranged(
        masked, np.array([[4, 1, 3], [0, 0, 0]]), np.array([[3, 2, 1]] * 2), np.array([True, False]), vocabulary()
    )
    moved = out.targets["masked_lm"].labels
    assert [moved[0, 1], moved[0, 6], moved[1, 1]] == [13, 11, 20]
    assert np.count_nonzero(moved != -100) == 3


def test_texts_that_cannot_be_divided_have_no_class() -> None:
    out = with_class(TWO, np.array([4, 2]), np.array([True, False]))
    assert out.targets["sequence_classification"].labels.tolist() == [4, -100]


def test_texts_have_room_for_the_separators_and_enough_sentences() -> None:
    text = TokenStream([shard(random_documents(0, 300))])
    for sentences, separators in ((3, 3), (5, 2), (3, 1), (5, 5)):
        found = halved_texts(text, "encoder", 40, sentences, separators)
        inner, _ = text.sentences(found.start, found.length.astype(np.int64))
        assert found.special == 1 + separators and found.skipped > 0
        assert found.length.max() + found.special == 40
        assert np.bincount(inner, minlength=len(found)).min() == sentences - 1
