"""Models on frozen vectors, on features small enough to work out by hand."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from nlp_ssl.evaluation import frozen
from nlp_ssl.evaluation.frozen import (
    LinearProbe,
    NearestNeighbours,
    pair_features,
    random_vectors,
)
from nlp_ssl.evaluation.inputs import Tokens
from nlp_ssl.tasks.kinds.classification import Classification
from nlp_ssl.tasks.kinds.regression import Regression

TWO, THREE = Classification("ab"), Classification("abc")

# Mean 0 and standard deviation 1 in both dimensions, so that standardising changes nothing.
SQUARE = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]], np.float32)


def blobs(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Two classes in 5 dimensions of very different scales."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, n)
    features = rng.normal(size=(n, 5)) + labels[:, None] * [1, 1, 0, 0, 0]
    return (features * [1, 100, 1, 1, 0.01] + 7).astype(np.float32), labels


def test_the_features_of_a_pair() -> None:
    vectors = np.array([[1, 2], [3, 4], [5, 1], [3, 0]], np.float32)  # u of two pairs, then v of both
    assert pair_features(vectors).tolist() == [[1, 2, 5, 1, 4, 1, 5, 2], [3, 4, 3, 0, 0, 4, 9, 0]]


def test_random_vectors_are_means_over_tokens() -> None:
    tokens = Tokens(np.array([0, 1, 1, 2], np.int32), None, np.array([0, 1, 4]), 0, 0.0)
    words = random_vectors(Tokens(np.arange(3, dtype=np.int32), None, np.arange(4), 0, 0.0), 3, 4, seed=1)
    means = random_vectors(tokens, 3, 4, seed=1)
    np.testing.assert_allclose(means, [words[0], (2 * words[1] + words[2]) / 3], rtol=1e-6)
    assert not np.allclose(means, random_vectors(tokens, 3, 4, seed=2))


def test_the_linear_probe_is_logistic_regression_on_standardised_features() -> None:
    features, labels = blobs(200)
    scaled = (features - features.mean(0)) / features.std(0)
    expected = LogisticRegression(C=0.1).fit(scaled, labels).predict_proba(scaled)
    found = LinearProbe(features, labels, TWO, 0.1).outputs(features)
    np.testing.assert_allclose(np.exp(found), expected, atol=1e-3)
    number = features[:, 0] + 3.0
    expected = Ridge(alpha=10).fit(scaled, number).predict(scaled)
    np.testing.assert_allclose(
        LinearProbe(features, number, Regression(), 0.1).outputs(features)[:, 0], expected, atol=1e-3
    )


def test_a_class_that_train_lacks_is_never_predicted() -> None:
    features, labels = blobs(50)
    for outputs in (
        LinearProbe(features, 2 * labels, THREE, 1.0).outputs(features),
        NearestNeighbours(features, 2 * labels, THREE).outputs(features, (5,))[0],
    ):
        assert outputs.shape == (50, 3)
        assert np.all(np.isneginf(outputs[:, 1])) and set(outputs.argmax(1)) == {0, 2}


def test_neighbours_vote_by_their_cosine() -> None:
    model = NearestNeighbours(SQUARE, np.array([0, 1, 1, 0]), TWO)
    texts = np.array([[2, 1]], np.float32)  # cosines with the four: 3, 1, -1, -3 over the root of 10
    one, two, all_ = (np.exp(outputs[0]) for outputs in model.outputs(texts, (1, 2, 100)))
    weights = np.exp(np.array([3, 1, -1, -3]) / np.sqrt(10) / 0.07)
    assert one.tolist() == [1, 0]
    np.testing.assert_allclose(two, weights[:2] / weights[:2].sum(), rtol=1e-4)
    np.testing.assert_allclose(
        all_, np.array([weights[0] + weights[3], weights[1] + weights[2]]) / weights.sum(), rtol=1e-4
    )
    # Cosines apart by 2 / sqrt(10) = 0.6325, so odds of e^(0.6325 / 0.07) = 8,392 to 1.
    assert two[1] == pytest.approx(1 / 8393, rel=1e-3)
    number = NearestNeighbours(SQUARE, np.array([10.0, 20.0, 0.0, 0.0]), Regression())
    equal = number.outputs(np.array([[1, 0]], np.float32), (2,))[0]
    np.testing.assert_allclose(equal, [[15.0]])


def test_dimensions_of_large_scale_do_not_drown_the_others() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 300)
    features = np.stack([2.0 * labels + rng.normal(0, 0.1, 300), 1e3 * rng.normal(size=300)], 1).astype(np.float32)
    model = NearestNeighbours(features[:200], labels[:200], TWO)
    assert np.mean(model.outputs(features[200:], (5,))[0].argmax(1) == labels[200:]) > 0.9


def test_texts_are_compared_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = blobs(40)
    whole = NearestNeighbours(features, labels, TWO).outputs(features, (30, 3))
    monkeypatch.setattr(frozen, "_MAX_COSINES", 100)  # two texts
    for a, b in zip(whole, NearestNeighbours(features, labels, TWO).outputs(features, (30, 3)), strict=True):
        np.testing.assert_allclose(np.exp(a), np.exp(b), atol=1e-5)
