"""What a score has to be seen beside: the most frequent class, and a linear model on counted words.

The baselines get the same training examples as the networks, choose on the same held-out part and are scored
on the same splits. They give outputs as the networks do: float[n, classes], or [n, 1] for regression.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge

from nlp_ssl.tasks.splits import LabelledExamples

STRENGTHS = (0.3, 3.0, 30.0)
"""What is tried for the inverse strength of the regularisation (C of the classifier, 1/alpha of the ridge)."""


def majority(train: LabelledExamples, classes: int, n: int) -> npt.NDArray[Any]:
    """The shares of the classes in train for each of n examples; the mean label where `classes` is 0."""
    assert train.labels is not None
    if classes:
        return np.tile(np.bincount(train.labels.astype(np.int64), minlength=classes) / len(train), (n, 1))
    return np.full((n, 1), train.labels.mean())


class BagOfWords:
    """TF-IDF of words and pairs of words, and of 2 to 4 letters within words, under a linear model.

    Letters stand in for the morphology of languages such as Korean, whose words are many. A pair of texts is
    both vectors, their distance in each dimension and their cosine.
    """

    def __init__(self, train: LabelledExamples, classes: int, strength: float) -> None:
        self.classes = classes
        texts = train.texts + (train.pairs or [])
        few = 2 if len(texts) >= 5000 else 1  # what occurs once in a large set teaches nothing
        self.words = TfidfVectorizer(
            ngram_range=(1, 2), sublinear_tf=True, min_df=few, token_pattern=r"(?u)\w+|[^\w\s]"
        )
        self.letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, min_df=few)
        self.words.fit(texts)
        self.letters.fit(texts)
        if classes:
            self.model = LogisticRegression(C=strength, max_iter=300, tol=1e-3)
        else:
            self.model = Ridge(alpha=1 / strength)
        self.model.fit(self._features(train), train.labels)

    def outputs(self, examples: LabelledExamples) -> npt.NDArray[Any]:
        """Probabilities of the classes [n, classes], or the predicted numbers [n, 1]."""
        features = self._features(examples)
        if not self.classes:
            return np.asarray(self.model.predict(features)).reshape(-1, 1)
        outputs = np.zeros((len(examples), self.classes))
        outputs[:, self.model.classes_] = self.model.predict_proba(features)  # train may lack a class
        return outputs

    def _features(self, examples: LabelledExamples) -> Any:
        first = self._vectors(examples.texts)
        if examples.pairs is None:
            return first
        second = self._vectors(examples.pairs)
        cosine = first.multiply(second).sum(axis=1).reshape(-1, 1) / 2  # two unit vectors side by side
        return sparse.hstack([first, second, abs(first - second), sparse.csr_matrix(cosine)], format="csr")

    def _vectors(self, texts: list[str]) -> Any:
        return sparse.hstack([self.words.transform(texts), self.letters.transform(texts)], format="csr")
