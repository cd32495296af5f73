"""How alike the two splits of a corpus are: the share of each source, and the frequencies of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.store import SPLITS, read_shard

MOST_DIVERGENCE = 0.1  # bits more than by chance; 60 novels, of which 3 are held out, have 0.04
MOST_SHIFT = 0.1  # by which the share of a source may differ between the splits

_COUNTED = 2**20  # tokens at once: counting needs eight bytes for each

Counts = npt.NDArray[np.int64]


def token_counts(corpus: Path, size: int) -> list[Counts]:
    """The occurrences of each token in train and in validation, [size] each."""
    counts = [np.zeros(size, np.int64) for _ in SPLITS]
    for total, split in zip(counts, SPLITS, strict=True):
        for file in sorted((corpus / split).glob("*.arrow")):
            tokens = read_shard(file).tokens
            for start in range(0, len(tokens), _COUNTED):
                total += np.bincount(tokens[start : start + _COUNTED], minlength=size)
    return counts


def divergence(train: Counts, validation: Counts) -> tuple[float, float]:
    """The Jensen-Shannon divergence of two token distributions in bits, and that of a random sample of equal size.

    It is 0 for equal distributions, and 1 where no token occurs in both. Small samples differ by chance alone.
    """
    if not train.sum() or not validation.sum():
        return 0.0, 0.0
    together = train + validation
    drawn = np.random.default_rng(0).multinomial(int(validation.sum()), together / together.sum())
    return _jensen_shannon(train, validation), _jensen_shannon(together, drawn)


def _jensen_shannon(a: Counts, b: Counts) -> float:
    p, q = a / a.sum(), b / b.sum()
    middle = (p + q) / 2
    return float(sum((x[x > 0] * np.log2(x[x > 0] / middle[x > 0])).sum() for x in (p, q)) / 2)


def concerns(sources: Sequence[dict[str, Any]], bits: float, by_chance: float) -> list[str]:
    """A sentence for each way in which validation is unlike train; `sources` are those of the manifest."""
    found = []
    total = [max(1, sum(source[key] for source in sources)) for key in ("train_bytes", "validation_bytes")]
    if total[1] > 1:
        for source in sources:
            shares = source["train_bytes"] / total[0], source["validation_bytes"] / total[1]
            if abs(shares[0] - shares[1]) > MOST_SHIFT:
                shown = f"{100 * shares[1]:.0f} % of validation, but {100 * shares[0]:.0f} % of train"
                found.append(f"{source['name']} is {shown}; a larger --validation or a smaller --document helps")
    if bits - by_chance > MOST_DIVERGENCE:
        found.append(f"validation is unlike train: its words differ by {bits:.2f} bits, by chance {by_chance:.2f}")
    return found
