"""Shallow classifiers: of examples, from lengths alone and from words alone; of tokens, from their frequency alone.

A model should beat them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from nlp_ssl.sampling.batch import Batch

MAX_PIECES = 5
"""Pieces of a text between special tokens that are told apart; the last one includes those after it."""


def row_lengths(batch: Batch) -> npt.NDArray[np.int64]:
    """Lengths as features, int64 [B, 5 + MAX_PIECES].

    They are the lengths of the example, its first sentence and its last sentence, the difference of the last two, the
    number of sentences, and the length of each piece of the text between special tokens.
    """
    rows, width = batch.sentence.shape
    real = batch.sentence >= 0
    ends = np.argmax(real, axis=1), width - 1 - np.argmax(real[:, ::-1], axis=1)
    first, last = (
        np.count_nonzero(batch.sentence == batch.sentence[np.arange(rows), end][:, None], axis=1) for end in ends
    )
    sentences = np.count_nonzero((np.diff(batch.sentence, axis=1) != 0) & real[:, 1:], axis=1)
    piece = _pieces(batch)
    sizes = [np.count_nonzero(real & (piece == number), axis=1) for number in range(MAX_PIECES)]
    return np.stack([batch.length, first, last, first - last, sentences, *sizes], axis=1)


def row_words(batch: Batch, size: int) -> Any:
    """Counts of `size` tokens as features, a sparse matrix [B, (MAX_PIECES + 1) * size].

    They are the counts in each piece of the text between special tokens, and the smaller of the first two.
    """
    from scipy import sparse

    row, place = np.nonzero(batch.sentence >= 0)
    token, piece = batch.ids[row, place], _pieces(batch)[row, place]
    shape = (len(batch.ids), size)
    counts = [
        sparse.csr_matrix((np.float64(piece == number), (row, token)), shape=shape) for number in range(MAX_PIECES)
    ]
    return sparse.hstack([*counts, counts[0].minimum(counts[1])], format="csr")


def _pieces(batch: Batch) -> npt.NDArray[np.int64]:
    """The number of each token's piece between special tokens, at most `MAX_PIECES` - 1. int64 [B, L]."""
    special = np.cumsum(batch.sentence < 0, axis=1, dtype=np.int64)  # the first is [CLS]
    return np.minimum(np.maximum(special - 1, 0), MAX_PIECES - 1)


def token_counts(batch: Batch, at: npt.NDArray[np.bool_], counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Frequency and duplicates as features of the tokens of the input at the places `at` [B, L], int64 [T, 2].

    They are the occurrences of the token in the corpus, from `counts` [size], and in its example.
    """
    row, column = np.nonzero(batch.sentence >= 0)
    size = len(counts)
    key = row * size + batch.ids[row, column]
    wanted = np.nonzero(at)[0] * size + batch.ids[at]
    known, number = np.unique(key, return_counts=True)
    here = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.stack([counts[batch.ids[at]], np.where(known[here] == wanted, number[here], 0)], axis=1)


def scores_by_counts(features: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Accuracy of a small decision tree from the features [n, 2] of `token_counts` and labels [n], and its ROC AUC.

    The AUC is the mean over the classes, each against the others. It is 0.5 where the features reveal nothing, even if
    one class is much larger than the others.
    """
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import cross_val_predict
    from sklearn.tree import DecisionTreeClassifier

    model = DecisionTreeClassifier(max_depth=5, min_samples_leaf=50, random_state=0)
    found = cross_val_predict(model, features, labels, cv=2, method="predict_proba")  # [n, classes]
    classes = np.unique(labels)
    auc = np.mean([roc_auc_score(labels == one, found[:, i]) for i, one in enumerate(classes)])
    return float(np.mean(classes[found.argmax(axis=1)] == labels)), float(auc)


def accuracy_by_lengths(features: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]) -> float:
    """Accuracy of a small decision tree, from the features [n, F] of `row_lengths` and labels [n]."""
    from sklearn.tree import DecisionTreeClassifier

    return _accuracy(DecisionTreeClassifier(max_depth=4, min_samples_leaf=20, random_state=0), features, labels)


def accuracy_by_words(features: Any, labels: npt.NDArray[np.int64]) -> float:
    """Accuracy of naive Bayes, from the features [n, F] of `row_words` and labels [n]."""
    from sklearn.naive_bayes import MultinomialNB

    return _accuracy(MultinomialNB(), features, labels)


def _accuracy(model: Any, features: Any, labels: npt.NDArray[np.int64]) -> float:
    """Accuracy of a scikit-learn model in two-fold cross-validation, from `features` [n, F] and labels [n]."""
    half = np.arange(len(labels)) % 2 == 0
    right = 0
    for learned in (half, ~half):
        model.fit(features[learned], labels[learned])
        right += int(np.count_nonzero(model.predict(features[~learned]) == labels[~learned]))
    return right / len(labels)
