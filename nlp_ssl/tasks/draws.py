"""Draws of labelled examples: what a network learns from, and what it is scored on besides dev.

With fewer training examples than the train split has, network i learns from the i-th draw, the same for all models. A
score then varies with the draw, as it would for someone who labels N other texts, and differences between models stay
paired. The examples that no draw learned from extend dev: thousands of them make the score more exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nlp_ssl.tasks.recurrence import recurring
from nlp_ssl.tasks.splits import LabelledExamples, joined

if TYPE_CHECKING:
    from nlp_ssl.tasks.kinds.base import Array

MOST_UNUSED = 10_000
"""Most unused training examples that are scored: their part of a score's standard error is 0.5 points or less."""

UNUSED = "unused"
"""The name of the unused training examples among the predicted splits."""

EXTENDED = "extended"
"""The name of dev together with the unused training examples, less those whose texts recur in a draw."""


@dataclass(frozen=True)
class Draw:
    """The training examples of one network."""

    train: LabelledExamples
    """All of them."""
    fitting: LabelledExamples
    """Those outside the selection part."""
    selection: LabelledExamples
    """Those that hyperparameters are chosen on."""


def draw_examples(
    train: LabelledExamples, strata: npt.NDArray[Any] | None, N: int, draws: int
) -> tuple[list[Draw], LabelledExamples | None]:
    """Draw N training examples `draws` times; also returns the unused ones, at most `MOST_UNUSED` of them.

    A cluster of examples is never divided between the fitting examples, the selection part and the unused ones.

    If N is the size of `train`, there is only one draw, and nothing is unused. Unused are the last examples of the
    first draw's order: other draws have some of them, which `scored_splits` leaves out. So neither what is predicted
    nor the first draws depend on how many draws there are.
    """
    n, clusters = len(train), train.clusters
    orders = [nested_order(n, strata, number, clusters) for number in range(1, (draws if n > N else 1) + 1)]
    found = []
    for order in orders:
        rest = N - selection_size(N)
        if clusters is not None:  # the selection part begins with a whole cluster
            rest = int(np.argmax(clusters[order] == clusters[order[rest]]))
        found.append(Draw(*(train.take(rows) for rows in (order[:N], order[:rest], order[rest:N]))))
    left = orders[0][N:]
    if clusters is not None:
        left = left[~np.isin(clusters[left], clusters[orders[0][:N]])]
    left = left[-MOST_UNUSED:]
    return found, train.take(left) if len(left) else None


def nested_order(
    n: int, strata: npt.NDArray[Any] | None = None, number: int = 1, clusters: npt.NDArray[np.int64] | None = None
) -> npt.NDArray[np.int64]:
    """A random order int64 [n] of n examples, in which every prefix and suffix is stratified by `strata` [n].

    The first 100 examples are thus a subset of the first 1,000, and the last ones can be set aside. The order depends
    on the strata and the `number` of the draw alone, so every model and baseline uses the same examples. The examples
    of each of the `clusters` [n] follow each other. Clusters are not stratified: each has all classes equally often.
    """
    if clusters is not None:
        _, group = np.unique(clusters, return_inverse=True)
        return np.argsort(nested_order(int(group.max()) + 1, None, number)[group], kind="stable")
    shuffled = np.random.default_rng(number - 1).permutation(n)
    if strata is None:
        return shuffled
    rank = np.empty(n)  # between 0 and 1, evenly spaced within each stratum
    for stratum in np.unique(strata):
        rows = shuffled[strata[shuffled] == stratum]
        rank[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
    return shuffled[np.argsort(rank[shuffled], kind="stable")]


def selection_size(n: int, most: int = 2000) -> int:
    """The size of the selection part of n training examples: a tenth, or 200 if more, at most a fifth and `most`."""
    return min(max(n // 10, min(200, n // 5)), most)


@dataclass(frozen=True)
class ScoredSplit:
    """Labelled examples that scores are reported on."""

    name: str
    examples: LabelledExamples
    parts: tuple[str, ...]
    """The predicted splits that the examples consist of, in this order."""
    kept: npt.NDArray[np.bool_]
    """Whether each example is scored, bool [n]."""

    def outputs(self, by_split: Mapping[str, Array]) -> Array:
        """The outputs [units, outputs] for all examples, from those of each predicted split."""
        return np.concatenate([by_split[part] for part in self.parts])


def scored_splits(predicted: Mapping[str, LabelledExamples], draws: Sequence[Draw]) -> list[ScoredSplit]:
    """The labelled splits, after the extended dev split where there are unused training examples.

    The extended split is left out if so many texts recur that it would be no larger than dev.
    """
    found = [
        ScoredSplit(name, examples, (name,), np.ones(len(examples), dtype=bool))
        for name, examples in predicted.items()
        if examples.labels is not None and name != UNUSED
    ]
    if UNUSED not in predicted:
        return found
    parts = (*(split.name for split in found if split.name.startswith("dev")), UNUSED)
    examples = joined([predicted[part] for part in parts])
    recurs = np.any([recurring(examples, draw.train) for draw in draws], axis=0)
    dev = len(examples) - len(predicted[UNUSED])
    return [ScoredSplit(EXTENDED, examples, parts, ~recurs), *found] if (~recurs).sum() > dev else found
