"""A linear probe and nearest neighbours on frozen vectors.

Both use the same features: the vector of a text, or of a word in token tasks. The two texts of a pair are encoded
separately, and their vectors u and v are combined to [u, v, |u - v|, u * v] (Conneau et al., InferSent, EMNLP 2017,
section 3.1). Every dimension is standardised on the training examples; otherwise a few dimensions of large variance
would dominate the cosine (Timkey and van Schijndel, EMNLP 2021).

Outputs [units, outputs] follow the kind of task: log probabilities of classes, log odds of labels, or numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.preprocessing import StandardScaler, normalize

from nlp_ssl.evaluation.inputs import Tokens
from nlp_ssl.tasks.kinds.base import TaskKind

Floats = npt.NDArray[np.float32]

C_VALUES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Inverse regularisation strengths to try (C of logistic regression, 1/alpha of ridge regression)."""

NEIGHBOURS = (100, 30, 10, 3, 1)
"""Numbers of neighbours to try. Numbers above the size of the training set use all of it."""

TEMPERATURE = 0.07  # votes are weighted by exp(cosine / temperature): Wu et al., CVPR 2018, section 3.4

_MAX_COSINES = 2**24  # held in memory at a time


def pair_features(vectors: Floats) -> Floats:
    """Features float32 [n, 4H] of n pairs, from the vectors [2n, H] of all first texts, then all second texts."""
    u, v = np.split(vectors, 2)
    return np.concatenate([u, v, np.abs(u - v), u * v], axis=1)


def random_vectors(tokens: Tokens, vocab_size: int, width: int, seed: int) -> Floats:
    """Vectors of texts under a random embedding of the vocabulary, float32 [n, width].

    Embeddings are drawn from a standard normal distribution. A text has the mean over its tokens. In token tasks, a
    word has the embedding of its first sub-token: float32 [words, width], with zeros for words that are cut off.
    """
    embeddings = np.random.default_rng(seed).standard_normal((vocab_size, width), dtype=np.float32)
    if tokens.words is not None:
        vectors = np.zeros((tokens.units, width), np.float32)
        word, example, position = tokens.word_places(np.arange(len(tokens.lengths)))
        vectors[word] = embeddings[tokens.ids[tokens.starts[example] + position]]
        return vectors
    weights = np.repeat((1 / tokens.lengths).astype(np.float32), tokens.lengths)
    n = len(tokens.lengths)
    means: Floats = sparse.csr_matrix((weights, tokens.ids, tokens.starts), shape=(n, vocab_size)) @ embeddings
    return means


class LinearProbe:
    """The linear model of a kind of task, fitted to standardised features [units, D] and labels [units, ...]."""

    def __init__(self, features: Floats, labels: npt.NDArray[Any], kind: TaskKind, C: float) -> None:
        self.kind = kind
        self.scaler = StandardScaler().fit(features)
        self.model = kind.fit_linear(self.scaler.transform(features), labels, C, max_iter=1000)

    def outputs(self, features: Floats) -> npt.NDArray[Any]:
        """Predict outputs [units, outputs] from features [units, D]."""
        return self.kind.log_outputs(self.model.outputs(self.scaler.transform(features)))


class NearestNeighbours:
    """Weighted vote of the nearest training examples by cosine similarity, with weights exp(cosine / temperature)."""

    def __init__(self, features: Floats, labels: npt.NDArray[Any], kind: TaskKind) -> None:
        self.kind = kind
        self.scaler = StandardScaler().fit(features)
        self.train = self._unit(features)
        self.votes = kind.votes(labels)

    def outputs(self, features: Floats, neighbours: tuple[int, ...]) -> list[npt.NDArray[Any]]:
        """Predict from features [n, D]. Returns outputs [n, outputs] for each number of neighbours."""
        texts, most = self._unit(features), min(max(neighbours), len(self.train))
        batch_size = max(1, _MAX_COSINES // len(self.train))
        shares = []
        for start in range(0, len(texts), batch_size):
            cosine = texts[start : start + batch_size] @ self.train.T  # [b, train]
            near = np.argpartition(-cosine, most - 1, axis=1)[:, :most]
            near = np.take_along_axis(near, np.argsort(-np.take_along_axis(cosine, near, 1), axis=1, kind="stable"), 1)
            closest = np.take_along_axis(cosine, near, 1)  # [b, most], descending
            weight = np.exp((closest - closest[:, :1]) / TEMPERATURE, dtype=np.float64)[..., None]
            voted = np.cumsum(weight * self.votes[near], axis=1)  # [b, most, classes]
            shares.append((voted / np.cumsum(weight, axis=1))[:, [min(k, most) - 1 for k in neighbours]])
        by_number = np.moveaxis(np.concatenate(shares), 1, 0)  # [numbers, n, classes]
        return list(self.kind.vote_outputs(by_number))

    def _unit(self, features: Floats) -> Floats:
        """Standardise the features, then scale each row to unit length."""
        unit: Floats = normalize(self.scaler.transform(features))
        return unit
