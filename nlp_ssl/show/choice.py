"""Choose the examples to show, so that each kind of example is among them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.targets import RowTargets


def kind_of(batch: Batch, row: int, vocabulary: Vocabulary) -> Hashable | None:
    """The kind of an example: the losses that it has targets for, its classes and its mode token. None without targets.

    Examples of different kinds look different, such as those with next tokens and those with masked tokens as targets.
    """
    found = []
    for name, targets in batch.targets.items():
        if targets.take(np.array([row])).count():
            found.append((name, int(targets.labels[row]) if isinstance(targets, RowTargets) else None))
    modes = {int(batch.ids[row, 1])} & set(vocabulary.modes.values())  # behind [CLS]
    return (*found, *modes) if found else None


def choose(kinds: Sequence[Hashable | None], count: int) -> list[int]:
    """The places of `count` examples, in order: the first one of each kind, and the first of the others."""
    first = dict.fromkeys(kinds)
    places = [kinds.index(kind) for kind in first if kind is not None]
    places += [place for place in range(len(kinds)) if place not in places]
    return sorted(places[:count])
