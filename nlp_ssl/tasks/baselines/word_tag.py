"""The most frequent tag of each word."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nlp_ssl.tasks.baselines.base import BaselineData, Outputs, TextBaseline

if TYPE_CHECKING:
    from nlp_ssl.tasks.kinds.base import TaskKind


class WordTag(TextBaseline):
    """A word gets the tag that it has most often in train; a word that train lacks, the most frequent tag."""

    name: ClassVar = "word_tag"

    def title(self, kind: TaskKind) -> str:
        """The same for all tasks."""
        return "most frequent tag of the word"

    def fit(self, data: BaselineData) -> tuple[dict[str, Outputs], dict[str, Any]]:
        """Of equally frequent tags the first is taken."""
        assert data.train.words is not None and data.train.labels is not None
        words = [word for sentence in data.train.words for word in sentence]
        counts: dict[str, Counter[int]] = defaultdict(Counter)
        for word, tag in zip(words, data.kind.unit_labels(data.train.labels).tolist(), strict=True):
            counts[word][tag] += 1
        usual = {word: min(tags, key=lambda tag, t=tags: (-t[tag], tag)) for word, tags in counts.items()}  # type: ignore[misc]
        default = int(data.kind.prior(data.train.labels).argmax())
        one_hot = np.eye(data.kind.outputs)
        outputs = {}
        for split, examples in data.predicted.items():
            assert examples.words is not None
            outputs[split] = one_hot[[usual.get(word, default) for words in examples.words for word in words]]
        return outputs, {}
