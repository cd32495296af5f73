"""What frozen sentence vectors know of a task: a linear probe and nearest neighbours on them.

Both see the same features: the vector of a text; of a pair u, v the four parts u, v, |u - v|, u * v (Conneau et
al., InferSent, EMNLP 2017), each text read on its own, so that a pair is told by what its two vectors hold. Every
dimension is standardised on the training examples, as a few dimensions of large scale would else drown the others
in a cosine (Timkey and van Schijndel, EMNLP 2021).

They give outputs as the networks do: the logarithms of the classes' probabilities [n, classes], or numbers [n, 1].
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler, normalize

from nlp_ssl.evaluation.network import Tokens

Floats = npt.NDArray[np.float32]

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""What is tried for the inverse strength of the regularisation (C of the classifier, 1/alpha of the ridge)."""

NEIGHBOURS = (100, 30, 10, 3, 1)
"""What is tried for the number of neighbours, of the training examples all at most."""

TEMPERATURE = 0.07  # of the neighbours' votes, exp(cosine / temperature): Wu et al., CVPR 2018

_COMPARED_AT_ONCE = 2**24  # cosines held in memory


def pair_features(vectors: Floats) -> Floats:
    """The features [n, 4H] of n pairs from the vectors [2n, H] of all first, then all second texts."""
    u, v = np.split(vectors, 2)
    return np.concatenate([u, v, np.abs(u - v), u * v], axis=1)


def random_vectors(tokens: Tokens, vocab_size: int, width: int, seed: int) -> Floats:
    """Each text's mean [n, width] of word vectors that were drawn from a normal distribution."""
    words = np.random.default_rng(seed).standard_normal((vocab_size, width), dtype=np.float32)
    share = np.repeat((1 / tokens.lengths).astype(np.float32), tokens.lengths)  # of each token in its text
    n = len(tokens.lengths)
    means: Floats = sparse.csr_matrix((share, tokens.ids, tokens.starts), shape=(n, vocab_size)) @ words
    return means


class LinearProbe:
    """Logistic regression, or ridge regression where `classes` is 0, on features [n, D] and labels [n]."""

    def __init__(self, features: Floats, labels: npt.NDArray[Any], classes: int, strength: float) -> None:
        self.classes = classes
        self.scaler = StandardScaler().fit(features)
        self.model = LogisticRegression(C=strength, max_iter=1000) if classes else Ridge(alpha=1 / strength)
        self.model.fit(self.scaler.transform(features), labels)

    def outputs(self, features: Floats) -> npt.NDArray[Any]:
        """Logarithms of the classes' probabilities [n, classes], or numbers [n, 1]."""
        scaled = self.scaler.transform(features)
        if not self.classes:
            return np.asarray(self.model.predict(scaled)).reshape(-1, 1)
        outputs = np.full((len(features), self.classes), -np.inf)
        outputs[:, self.model.classes_] = self.model.predict_log_proba(scaled)  # train may lack a class
        return outputs


class NearestNeighbours:
    """The vote of the training examples of highest cosine, each weighing exp(cosine / temperature)."""

    def __init__(self, features: Floats, labels: npt.NDArray[Any], classes: int) -> None:
        self.classes = classes
        self.scaler = StandardScaler().fit(features)
        self.train = self._unit(features)
        # What a neighbour says: its class as a row of a unit matrix, or its number.
        self.says = np.eye(classes)[labels] if classes else labels[:, None]

    def outputs(self, features: Floats, neighbours: tuple[int, ...]) -> list[npt.NDArray[Any]]:
        """For each number of neighbours the logarithms of the classes' shares [n, classes], or the means [n, 1]."""
        texts, most = self._unit(features), min(max(neighbours), len(self.train))
        at_once = max(1, _COMPARED_AT_ONCE // len(self.train))
        shares = []
        for start in range(0, len(texts), at_once):
            cosine = texts[start : start + at_once] @ self.train.T  # [b, train]
            near = np.argpartition(-cosine, most - 1, axis=1)[:, :most]
            near = np.take_along_axis(near, np.argsort(-np.take_along_axis(cosine, near, 1), axis=1, kind="stable"), 1)
            closest = np.take_along_axis(cosine, near, 1)  # [b, most], descending
            weight = np.exp((closest - closest[:, :1]) / TEMPERATURE, dtype=np.float64)[..., None]
            said = np.cumsum(weight * self.says[near], axis=1)  # [b, most, classes]
            shares.append((said / np.cumsum(weight, axis=1))[:, [min(k, most) - 1 for k in neighbours]])
        by_number = np.moveaxis(np.concatenate(shares), 1, 0)  # [numbers, n, classes]
        with np.errstate(divide="ignore"):
            return list(np.log(by_number) if self.classes else by_number)

    def _unit(self, features: Floats) -> Floats:
        """Standardised, then of length 1."""
        unit: Floats = normalize(self.scaler.transform(features))
        return unit
