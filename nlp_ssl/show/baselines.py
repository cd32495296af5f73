"""What lengths alone, and words alone, tell of the class of a row: the least that a model of it has to beat."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from nlp_ssl.sampling.batch import Batch


def row_lengths(batch: Batch) -> npt.NDArray[np.int64]:
    """What the lengths in a row may tell [B, 6]: of the row, its second segment, its first and last sentence, and
    by how much the first of these two is the longer one; then the number of its sentences."""
    rows, width = batch.sentence.shape
    real = batch.sentence >= 0
    ends = np.argmax(real, axis=1), width - 1 - np.argmax(real[:, ::-1], axis=1)
    first, last = (
        np.count_nonzero(batch.sentence == batch.sentence[np.arange(rows), end][:, None], axis=1) for end in ends
    )
    second = np.count_nonzero(batch.token_type_ids, axis=1)
    sentences = np.count_nonzero((np.diff(batch.sentence, axis=1) != 0) & real[:, 1:], axis=1)
    return np.stack([batch.length, second, first, last, first - last, sentences], axis=1)


def row_words(batch: Batch, size: int) -> Any:
    """What the words in a row may tell: how often each of `size` tokens is in the first segment, how often in the
    second, and how often in both. A sparse matrix [B, 3 * size]."""
    from scipy import sparse

    row, place = np.nonzero(batch.sentence >= 0)
    token, segment = batch.ids[row, place], batch.token_type_ids[row, place]
    shape = (len(batch.ids), size)
    first, second = (sparse.csr_matrix((np.float64(segment == s), (row, token)), shape=shape) for s in (0, 1))
    return sparse.hstack([first, second, first.minimum(second)], format="csr")


def told_by_lengths(features: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]) -> float:
    """How often a small decision tree finds the labels [n] from the features [n, F] of `row_lengths`."""
    from sklearn.tree import DecisionTreeClassifier

    return _told_by(DecisionTreeClassifier(max_depth=4, min_samples_leaf=20, random_state=0), features, labels)


def told_by_words(features: Any, labels: npt.NDArray[np.int64]) -> float:
    """How often naive Bayes finds the labels [n] from the counts [n, F] of `row_words`."""
    from sklearn.naive_bayes import MultinomialNB

    return _told_by(MultinomialNB(), features, labels)


def _told_by(model: Any, features: Any, labels: npt.NDArray[np.int64]) -> float:
    """How often a scikit-learn model finds the labels [n] from `features` [n, F], on rows that it has not learned."""
    half = np.arange(len(labels)) % 2 == 0
    right = 0
    for learned in (half, ~half):
        model.fit(features[learned], labels[learned])
        right += int(np.count_nonzero(model.predict(features[~learned]) == labels[~learned]))
    return right / len(labels)
