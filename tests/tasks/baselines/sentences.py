"""Tagged sentences for baselines."""

import numpy as np

from nlp_ssl.tasks.baselines.base import BaselineData
from nlp_ssl.tasks.kinds.token_classification import TokenClassification
from nlp_ssl.tasks.splits import LabelledExamples


def sentences(words: list[list[str]], tags: list[list[int]]) -> LabelledExamples:
    width = max(map(len, tags))
    labels = np.array([row + [-1] * (width - len(row)) for row in tags])
    return LabelledExamples([" ".join(row) for row in words], None, labels, words)


TRAIN = sentences([["run", "run", "run", "it"], ["dog", "dog"]], [[0, 1, 1, 2], [0, 0]])
DEV = sentences([["run", "cat"], ["it"]], [[1, 0], [2]])
DATA = BaselineData(TokenClassification("NVP"), TRAIN, TRAIN, DEV, {"dev": DEV}, "accuracy")
