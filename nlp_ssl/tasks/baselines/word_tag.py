"""The most frequent tag of each word."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nlp_ssl.tasks.baselines.base import BaselineData, Outputs, TextBaseline

if TYPE_CHECKING:
    from nlp_ssl.tasks.kinds.base import TaskKind


class WordTag(TextBaseline):
    """Predict each word's most frequent tag in train. Words that are not in train get the most frequent tag."""

    name: ClassVar = "word_tag"

    def title(self, kind: TaskKind) -> str:
        """The name in tables."""
        return "most frequent tag of the word"

    def fit(self, data: BaselineData) -> tuple[dict[str, Outputs], dict[str, Any]]:
        """Count the tags of each word; ties go to the lower tag id. There are no hyperparameters."""
        assert data.train.words is not None and data.train.labels is not None
        words = [word for sentence in data.train.words for word in sentence]
        counts: dict[str, Counter[int]] = defaultdict(Counter)
        for word, tag in zip(words, data.kind.unit_labels(data.train.labels).tolist(), strict=True):
            counts[word][tag] += 1
        most_frequent = {word: min(tags, key=lambda tag, t=tags: (-t[tag], tag)) for word, tags in counts.items()}  # type: ignore[misc]
        default = int(data.kind.prior(data.train.labels).argmax())
        one_hot = np.eye(data.kind.outputs)
        outputs = {}
        for split, examples in data.predicted.items():
            assert examples.words is not None
            outputs[split] = one_hot[[most_frequent.get(word, default) for words in examples.words for word in words]]
        return outputs, {}
