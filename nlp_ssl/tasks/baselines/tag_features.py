"""A linear tagger on the word, its affixes, its shape and its neighbours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from sklearn.feature_extraction.text import CountVectorizer

from nlp_ssl.tasks.baselines.base import LinearBaseline

if TYPE_CHECKING:
    from nlp_ssl.tasks.kinds.base import TaskKind
    from nlp_ssl.tasks.splits import LabelledExamples


class TagFeatures(LinearBaseline):
    """Logistic regression that tags each word independently."""

    name: ClassVar = "tag_features"
    Cs: ClassVar = (1.0, 10.0)
    settings: ClassVar = MappingProxyType({"tol": 1e-3})

    def title(self, kind: TaskKind) -> str:
        """The name in tables."""
        return "word, affixes, shape, neighbours + linear model"

    def features(self, train: LabelledExamples) -> Callable[[LabelledExamples], Any]:
        """Find the features of `train`. Returns a function from examples to features [words, D]."""
        min_df = 3 if sum(map(len, train.words or [])) > 20_000 else 1  # drop rare features of large training sets
        counts = CountVectorizer(analyzer=_identity, min_df=min_df, binary=True).fit(word_features(train))
        return lambda examples: counts.transform(word_features(examples))


def _identity(features: list[str]) -> list[str]:
    return features


def word_features(examples: LabelledExamples) -> Iterator[list[str]]:
    """The features of each word: the word, affixes of 1 to 4 characters, shape, two words on each side."""
    for words in examples.words or []:
        padded = ["<s>", "<s>", *(word.lower() for word in words), "</s>", "</s>"]
        for i, word in enumerate(words):
            low = padded[i + 2]
            found = ["bias", f"w={low}", f"shape={shape(word)}"]
            found += [
                f"{way}={low[cut]}" for n in range(1, 5) for way, cut in (("pre", slice(n)), ("suf", slice(-n, None)))
            ]
            found += [f"{step:+d}={padded[i + 2 + step]}" for step in (-2, -1, 1, 2)]
            found += [f"-1,0={padded[i + 1]} {low}", f"0,+1={low} {padded[i + 3]}", f"-1s={padded[i + 1][-3:]}"]
            found += [f"+1s={padded[i + 3][-3:]}"]
            yield found


def shape(word: str) -> str:
    """The shape of a word, such as "Xx" for "Paris" and "d-x" for "12-fold".

    Upper-case, lower-case and other letters become X, x and a, digits become d; other characters are kept. Repeated
    characters are collapsed.
    """
    classes = "".join(
        "d" if c.isdigit() else "X" if c.isupper() else "x" if c.islower() else "a" if c.isalpha() else c for c in word
    )
    return re.sub(r"(.)\1+", r"\1", classes)
