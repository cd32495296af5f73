"""The lengths of the texts and a linear model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.segments import words
from nlp_ssl.tasks.baselines.base import LinearBaseline

if TYPE_CHECKING:
    from nlp_ssl.tasks.kinds.base import TaskKind
    from nlp_ssl.tasks.splits import LabelledExamples


class Lengths(LinearBaseline):
    """The number of characters and of words of each text, as logarithms."""

    name: ClassVar = "lengths"
    Cs: ClassVar = (1.0, 100.0)

    def title(self, kind: TaskKind) -> str:
        """The name in tables."""
        return "lengths + linear model"

    def features(self, train: LabelledExamples) -> Callable[[LabelledExamples], Any]:
        """A function from examples to features [n, D]; there is nothing to fit."""
        return lengths


def lengths(examples: LabelledExamples) -> npt.NDArray[np.float64]:
    """log(1 + length) in characters and in words of each text: float64 [n, 2], or [n, 4] for pairs."""
    columns = [examples.texts] if examples.pairs is None else [examples.texts, examples.pairs]
    sizes = [size for texts in columns for size in (list(map(len, texts)), list(map(len, words(texts))))]
    return np.log1p(np.array(sizes, dtype=np.float64)).T
