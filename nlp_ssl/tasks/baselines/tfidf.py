"""TF-IDF and a linear model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from nlp_ssl.tasks.baselines.base import BaselineData, LinearBaseline, Outputs

if TYPE_CHECKING:
    from nlp_ssl.tasks.kinds.base import TaskKind
    from nlp_ssl.tasks.splits import LabelledExamples


class TfIdf(LinearBaseline):
    """TF-IDF under logistic regression (one for each label where there may be several), or ridge regression."""

    name: ClassVar = "tfidf"
    Cs: ClassVar = (0.3, 3.0, 30.0)

    def title(self, kind: TaskKind) -> str:
        """The same for all kinds."""
        return "TF-IDF + linear model"

    def model(self, data: BaselineData, train: LabelledExamples, C: float) -> Callable[[LabelledExamples], Outputs]:
        """Fit vectors and model to `train`."""
        features = TextFeatures(train)
        labels = data.kind.unit_labels(train.labels)  # type: ignore[arg-type]
        model = data.kind.fit_linear(features(train), labels, C, max_iter=300, tol=1e-3)
        return lambda examples: model.outputs(features(examples))


class TextFeatures:
    """TF-IDF of words and word pairs, and of 2 to 4 letters within words.

    Letters cover the morphology of languages such as Korean, which have many word forms. A pair of texts has both
    vectors, their difference in each dimension and their cosine.
    """

    def __init__(self, train: LabelledExamples) -> None:
        texts = train.texts + (train.pairs or [])
        few = 2 if len(texts) >= 5000 else 1  # what occurs once in a large set teaches nothing
        self.words = TfidfVectorizer(
            ngram_range=(1, 2), sublinear_tf=True, min_df=few, token_pattern=r"(?u)\w+|[^\w\s]"
        )
        self.letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, min_df=few)
        self.words.fit(texts)
        self.letters.fit(texts)

    def __call__(self, examples: LabelledExamples) -> Any:
        """Sparse features [n, D]."""
        first = self._vectors(examples.texts)
        if examples.pairs is None:
            return first
        second = self._vectors(examples.pairs)
        cosine = first.multiply(second).sum(axis=1).reshape(-1, 1) / 2  # two unit vectors side by side
        return sparse.hstack([first, second, abs(first - second), sparse.csr_matrix(cosine)], format="csr")

    def _vectors(self, texts: list[str]) -> Any:
        return sparse.hstack([self.words.transform(texts), self.letters.transform(texts)], format="csr")
