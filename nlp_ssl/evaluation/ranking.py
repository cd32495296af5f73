"""The ranks of true answers among candidates, by the cosine of vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

TIE = 1e-6
"""Similarities that differ by less are equal."""


def rank_scores(similarity: Floats, candidates: npt.NDArray[np.int64]) -> dict[str, Floats]:
    """The expected reciprocal rank (`mrr`) and the probability of the first rank (`top1`) of each query, float64 [Q].

    `similarity` is [queries, answers]; `candidates` [Q, N] are answers, the true one first. Ties are in random order:
    if all similarities are equal, `mrr` is (1 + 1/2 + ... + 1/N) / N.
    """
    of_candidates = np.take_along_axis(similarity, candidates, axis=1)
    true, others = of_candidates[:, :1], of_candidates[:, 1:]
    above = np.count_nonzero(others > true + TIE, axis=1)
    tied = np.count_nonzero(np.abs(others - true) <= TIE, axis=1)
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, candidates.shape[1] + 1))])
    return {
        "mrr": (harmonic[above + tied + 1] - harmonic[above]) / (tied + 1),
        "top1": (above == 0) / (tied + 1),
    }


def cosines(queries: npt.NDArray[np.float32], answers: npt.NDArray[np.float32]) -> Floats:
    """The cosines of vectors [Q, H] and [A, H] less the mean of all vectors, float64 [Q, A]; 0 for zero vectors."""
    mean = np.concatenate([queries, answers]).mean(0, dtype=np.float64)
    one, other = _normalised(queries - mean), _normalised(answers - mean)
    similarity: Floats = one @ other.T
    return similarity


def _normalised(vectors: Floats) -> Floats:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms > TIE, norms, np.inf)


def text_cosines(queries: list[str], answers: list[str]) -> Floats:
    """The cosines of TF-IDF vectors of words, word bigrams and characters, float64 [Q, A]."""
    from sklearn.preprocessing import normalize

    from nlp_ssl.tasks.baselines.tfidf import TextFeatures
    from nlp_ssl.tasks.splits import LabelledExamples

    features = TextFeatures(LabelledExamples(queries, answers, None))
    one, other = (normalize(features(LabelledExamples(texts, None, None))) for texts in (queries, answers))
    similarity: Any = (one @ other.T).toarray()
    found: Floats = similarity
    return found
