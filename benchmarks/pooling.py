"""Could the variance between seeds be pooled over the pairs of objectives?

python benchmarks/pooling.py [--repeats 20000]
Scores are normal; only seeds vary, and every objective has the same seeds. Each pair of objectives is compared with
its own variance, with the variance pooled over all objectives (the residual of objectives x seeds), and with its own
variance shrunk towards the others (Smyth, Statistical Applications in Genetics 3, 2004). Printed are the coverage of
the pair that is covered least, and how often Holm finds any difference where there is none.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
from scipy import stats
from scipy.special import digamma, polygamma

from nlp_ssl.console import table

Floats = np.ndarray


def ways(scores: Floats, differences: Floats) -> Iterator[tuple[str, Floats, Floats | int]]:
    """Each way's variances [repeats, pairs] and degrees of freedom, from scores [repeats, seeds, objectives]."""
    _, S, objectives = scores.shape
    own = differences.var(axis=1, ddof=1)
    yield "own", own, S - 1
    left = scores - scores.mean(1, keepdims=True) - scores.mean(2, keepdims=True) + scores.mean((1, 2), keepdims=True)
    freedom = (S - 1) * (objectives - 1)
    yield "pooled", np.broadcast_to(2 * (left**2).sum((1, 2))[:, None] / freedom, own.shape), freedom
    prior, centre = prior_of(own, S - 1)
    shrunk = (prior * centre + (S - 1) * own) / (prior + S - 1)
    yield "shrunk", shrunk, np.minimum(prior + S - 1, own.shape[1] * (S - 1))


def prior_of(variances: Floats, freedom: int) -> tuple[Floats, Floats]:
    """Smyth's prior degrees of freedom and variance, by the moments of log variances [repeats, pairs]."""
    logs = np.log(np.maximum(variances, 1e-12)) - digamma(freedom / 2) + np.log(freedom / 2)
    excess = np.maximum(logs.var(axis=1, ddof=1, keepdims=True) - polygamma(1, freedom / 2), 1e-4)
    half = 0.5 + 1 / excess
    for _ in range(30):  # the inverse of the trigamma function
        value = polygamma(1, half)
        half = half + value * (1 - value / excess) / polygamma(2, half)
    return 2 * half, np.exp(logs.mean(1, keepdims=True) + digamma(half) - np.log(half))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=20_000)
    repeats = parser.parse_args().repeats
    rows = []
    for objectives in (3, 6):
        for S in (3, 5):
            rng = np.random.default_rng(0)
            settings = {
                "all vary alike": np.ones(objectives),
                "one varies 3 times as much": np.array([3.0] + [1.0] * (objectives - 1)),
                "from 1 to 3 times": np.linspace(1, 3, objectives),
                "a fifth varies 4 times as much": np.where(rng.random((repeats, 1, objectives)) < 0.2, 4.0, 1.0),
            }
            one, other = np.triu_indices(objectives, 1)
            for name, deviations in settings.items():
                scores = deviations * rng.standard_normal((repeats, S, objectives))
                differences = scores[:, :, one] - scores[:, :, other]
                cells = []
                for _, variances, freedom in ways(scores, differences):
                    p = 2 * stats.t.sf(np.abs(differences.mean(1)) / np.sqrt(variances / S), freedom)
                    covered, false = (p > 0.05).mean(0).min(), (p.min(1) <= 0.05 / len(one)).mean()
                    cells.append(f"{100 * covered:.1f}; {100 * false:.1f}")
                rows.append([f"{objectives} objectives, {S} seeds: {name}", *cells])
    print(table(["covered least, %; any false, %", "own", "pooled", "shrunk"], rows))


if __name__ == "__main__":
    main()
