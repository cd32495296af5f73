"""Ranks of true answers."""

import numpy as np
import pytest

from nlp_ssl.evaluation.ranking import cosines, rank_scores, text_cosines


def test_reciprocal_ranks() -> None:
    similarity = np.array([[0.9, 0.1, 0.2], [0.3, 0.2, 0.1], [0.5, 0.6, 0.4]])
    candidates = np.array([[0, 1, 2], [1, 2, 0], [2, 0, 1]])
    found = rank_scores(similarity, candidates)
    assert found["mrr"] == pytest.approx([1, 1 / 2, 1 / 3])
    assert found["top1"].tolist() == [1, 0, 0]


def test_only_candidates_are_ranked() -> None:
    similarity = np.array([[0.1, 0.9, 0.0]] * 3)
    assert rank_scores(similarity, np.array([[0, 2], [0, 1], [1, 0]]))["mrr"].tolist() == [1, 0.5, 1]


def test_ties_are_in_random_order() -> None:
    equal = rank_scores(np.full((1, 1000), 0.3), np.arange(1000)[None])
    assert equal["mrr"] == pytest.approx([0.00748547086])
    assert equal["top1"] == pytest.approx([0.001])
    one_above = rank_scores(np.array([[0.3, 0.4, 0.3, 0.3]]), np.arange(4)[None])
    assert one_above["mrr"] == pytest.approx([(1 / 2 + 1 / 3 + 1 / 4) / 3]) and one_above["top1"] == [0]
    rounded = rank_scores(np.array([[0.3, 0.3 + 1e-9]]), np.arange(2)[None])
    assert rounded["mrr"] == pytest.approx([0.75]) and rounded["top1"] == [0.5]


def test_cosines_are_those_of_centred_vectors() -> None:
    draw = np.random.default_rng(0)
    queries, answers = draw.standard_normal((2, 5, 3)).astype(np.float32)
    found = cosines(queries, answers)
    both = np.concatenate([queries, answers]).astype(float)
    one, other = both[1] - both.mean(0), both[7] - both.mean(0)
    assert found[1, 2] == pytest.approx(one @ other / np.sqrt((one @ one) * (other @ other)))
    # A vector that all texts share, and the length of vectors, change nothing.
    assert cosines(queries + 100, answers + 100) == pytest.approx(found, abs=1e-4)
    assert cosines(7 * queries, 7 * answers) == pytest.approx(found, abs=1e-5)


def test_equal_vectors_find_nothing() -> None:
    same = np.ones((4, 3), np.float32)
    assert cosines(same, same).tolist() == np.zeros((4, 4)).tolist()


def test_texts_with_words_in_common_are_alike() -> None:
    queries = ["the blue boat sailed", "a red house burned"]
    answers = ["that house was red", "its boat was blue"]
    found = text_cosines(queries, answers)
    assert found[0, 1] > found[0, 0] and found[1, 0] > found[1, 1]
    assert text_cosines(queries, queries).diagonal() == pytest.approx([1, 1])
