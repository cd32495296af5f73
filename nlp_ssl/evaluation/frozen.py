"""A linear probe and nearest neighbours on frozen vectors.

Both use the same features: the vector of a text, or of a word in token tasks; for a pair of texts with the vectors u
and v the concatenation of u, v, |u - v|, u * v (Conneau et al., InferSent, EMNLP 2017), each text encoded on its own.
Every dimension is standardised on the training examples; otherwise a few dimensions of large scale would dominate the
cosine (Timkey and van Schijndel, EMNLP 2021).

Outputs are those of the kind of task [units, outputs]: log probabilities of classes, log odds of labels, or numbers.
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
"""Numbers of neighbours to try; at most all training examples are used."""

TEMPERATURE = 0.07  # of the neighbours' votes, exp(cosine / temperature): Wu et al., CVPR 2018

_COMPARED_AT_ONCE = 2**24  # cosines held in memory


def pair_features(vectors: Floats) -> Floats:
    """The features [n, 4H] of n pairs from the vectors [2n, H] of all first, then all second texts."""
    u, v = np.split(vectors, 2)
    return np.concatenate([u, v, np.abs(u - v), u * v], axis=1)


def random_vectors(tokens: Tokens, vocab_size: int, width: int, seed: int) -> Floats:
    """The mean [n, width] of normally distributed vectors over each text's tokens; of a word, its first sub-token's."""
    words = np.random.default_rng(seed).standard_normal((vocab_size, width), dtype=np.float32)
    if tokens.words is not None:
        vectors = np.zeros((tokens.units, width), np.float32)
        word, example, place = tokens.word_places(np.arange(len(tokens.lengths)))
        vectors[word] = words[tokens.ids[tokens.starts[example] + place]]
        return vectors
    share = np.repeat((1 / tokens.lengths).astype(np.float32), tokens.lengths)  # of each token in its text
    n = len(tokens.lengths)
    means: Floats = sparse.csr_matrix((share, tokens.ids, tokens.starts), shape=(n, vocab_size)) @ words
    return means


class LinearProbe:
    """A linear model of the kind of task on features [units, D] and labels [units, ...]."""

    def __init__(self, features: Floats, labels: npt.NDArray[Any], kind: TaskKind, C: float) -> None:
        self.kind = kind
        self.scaler = StandardScaler().fit(features)
        self.model = kind.fit_linear(self.scaler.transform(features), labels, C, max_iter=1000)

    def outputs(self, features: Floats) -> npt.NDArray[Any]:
        """Outputs [units, outputs]."""
        return self.kind.log_outputs(self.model.outputs(self.scaler.transform(features)))


class NearestNeighbours:
    """The vote of the training examples of highest cosine, each with weight exp(cosine / temperature)."""

    def __init__(self, features: Floats, labels: npt.NDArray[Any], kind: TaskKind) -> None:
        self.kind = kind
        self.scaler = StandardScaler().fit(features)
        self.train = self._unit(features)
        self.votes = kind.votes(labels)

    def outputs(self, features: Floats, neighbours: tuple[int, ...]) -> list[npt.NDArray[Any]]:
        """For each number of neighbours the outputs of the weighted mean of votes [n, outputs]."""
        texts, most = self._unit(features), min(max(neighbours), len(self.train))
        at_once = max(1, _COMPARED_AT_ONCE // len(self.train))
        shares = []
        for start in range(0, len(texts), at_once):
            cosine = texts[start : start + at_once] @ self.train.T  # [b, train]
            near = np.argpartition(-cosine, most - 1, axis=1)[:, :most]
            near = np.take_along_axis(near, np.argsort(-np.take_along_axis(cosine, near, 1), axis=1, kind="stable"), 1)
            closest = np.take_along_axis(cosine, near, 1)  # [b, most], descending
            weight = np.exp((closest - closest[:, :1]) / TEMPERATURE, dtype=np.float64)[..., None]
            voted = np.cumsum(weight * self.votes[near], axis=1)  # [b, most, classes]
            shares.append((voted / np.cumsum(weight, axis=1))[:, [min(k, most) - 1 for k in neighbours]])
        by_number = np.moveaxis(np.concatenate(shares), 1, 0)  # [numbers, n, classes]
        return list(self.kind.vote_outputs(by_number))

    def _unit(self, features: Floats) -> Floats:
        """Standardised, then of length 1."""
        unit: Floats = normalize(self.scaler.transform(features))
        return unit
