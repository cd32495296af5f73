"""TF-IDF of single words and a linear model: what a bag of words can solve."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from nlp_ssl.corpus.segments import words
from nlp_ssl.tasks.baselines.base import LinearBaseline

if TYPE_CHECKING:
    from nlp_ssl.tasks.kinds.base import TaskKind
    from nlp_ssl.tasks.splits import LabelledExamples

Tokens = list[str]


class Unigrams(LinearBaseline):
    """TF-IDF of words, in lower case, with the linear model of the kind of task.

    The features of a pair are those of both texts, without any of both together. So if two classes have the same words
    in the first texts and in the second texts, the expected score is that of chance.
    """

    name: ClassVar = "unigrams"
    Cs: ClassVar = (0.3, 3.0, 30.0)
    settings: ClassVar = MappingProxyType({"max_iter": 300, "tol": 1e-3})

    def title(self, kind: TaskKind) -> str:
        """The name in tables."""
        return "TF-IDF of words + linear model"

    def terms(self, tokens: Tokens) -> list[str]:
        """The features of a text, from its words and punctuation marks."""
        return tokens

    def features(self, train: LabelledExamples) -> Callable[[LabelledExamples], Any]:
        """Fit the vectoriser to `train`. Returns a function from examples to features [n, D]."""
        tfidf = TfidfVectorizer(analyzer=self.terms, sublinear_tf=True)
        tfidf.fit(words(train.texts + (train.pairs or [])))

        def transform(examples: LabelledExamples) -> Any:
            columns = [examples.texts] if examples.pairs is None else [examples.texts, examples.pairs]
            return sparse.hstack([tfidf.transform(words(texts)) for texts in columns], format="csr")

        return transform
