"""TF-IDF and a linear model."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from nlp_ssl.tasks.baselines.base import LinearBaseline

if TYPE_CHECKING:
    from nlp_ssl.tasks.kinds.base import TaskKind
    from nlp_ssl.tasks.splits import LabelledExamples


class TfIdf(LinearBaseline):
    """TF-IDF features with logistic regression (one for each label in multilabel tasks) or ridge regression."""

    name: ClassVar = "tfidf"
    Cs: ClassVar = (0.3, 3.0, 30.0)
    settings: ClassVar = MappingProxyType({"max_iter": 300, "tol": 1e-3})

    def title(self, kind: TaskKind) -> str:
        """The name in tables."""
        return "TF-IDF + linear model"

    def features(self, train: LabelledExamples) -> TextFeatures:
        """Fit the vectorisers to `train`. Returns a function from examples to features [n, D]."""
        return TextFeatures(train)


class TextFeatures:
    """TF-IDF of word unigrams and bigrams, and of character 2- to 4-grams within words.

    Character n-grams cover languages with many word forms, such as Korean. The features of a pair of texts are both
    vectors, their absolute difference and their cosine similarity.
    """

    def __init__(self, train: LabelledExamples) -> None:
        texts = train.texts + (train.pairs or [])
        min_df = 2 if len(texts) >= 5000 else 1  # drop n-grams that occur once in large training sets
        self.words = TfidfVectorizer(
            ngram_range=(1, 2), sublinear_tf=True, min_df=min_df, token_pattern=r"(?u)\w+|[^\w\s]"
        )
        self.letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, min_df=min_df)
        self.words.fit(texts)
        self.letters.fit(texts)

    def __call__(self, examples: LabelledExamples) -> Any:
        """Transform n examples to sparse features [n, D]."""
        first = self._vectors(examples.texts)
        if examples.pairs is None:
            return first
        second = self._vectors(examples.pairs)
        cosine = (
            first.multiply(second).sum(axis=1).reshape(-1, 1) / 2
        )  # the mean of words and characters, each a unit vector
        return sparse.hstack([first, second, abs(first - second), sparse.csr_matrix(cosine)], format="csr")

    def _vectors(self, texts: list[str]) -> Any:
        return sparse.hstack([self.words.transform(texts), self.letters.transform(texts)], format="csr")
