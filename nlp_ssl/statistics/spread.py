"""The variance of a mean over seeds and examples: interval, p value and minimum detectable effect.

`nlp_ssl.statistics.intervals` explains it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import chdtri, ndtr, stdtrit

from nlp_ssl.tasks.metrics import Floats

LEVEL = 0.05
POWER = 0.8
_BEND = 7 / 4  # at `LEVEL`; `nlp_ssl.statistics.intervals` explains it
_LEAST_P = 1e-12


@dataclass(frozen=True)
class Spread:
    """The variance of a mean over seeds and examples."""

    seeds: npt.ArrayLike
    """A. An array stands for several spreads; so does that of `freedom`."""
    freedom: npt.ArrayLike
    """Its degrees of freedom; 0 without seeds."""
    examples: float
    """B."""
    own: float
    """E less B, which A is never truly below."""
    n: int

    def half_width(self, level: float) -> Floats:
        """Of the interval of coverage 1 - `level`."""
        seeds, freedom = np.asarray(self.seeds, dtype=float), np.asarray(self.freedom, dtype=float)
        t_examples = stdtrit(self.n - 1, 1 - level / 2) ** 2
        t_seeds = np.where(freedom > 0, stdtrit(np.where(freedom > 0, freedom, 1), 1 - level / 2) ** 2, t_examples)
        variance = seeds + self.examples
        of_small_p = 1 - min(level / LEVEL, 1)
        bend = _BEND + (1 - _BEND) * of_small_p
        share = np.divide(seeds, variance, out=np.zeros_like(variance), where=variance > 0)
        of_both = variance * (t_examples + (t_seeds - t_examples) * share**bend)
        least = (self.own + self.examples) * t_examples * (1 + of_small_p) / 2
        return np.asarray(np.sqrt(np.maximum(of_both, least)))

    def p_value(self, mean: float) -> float:
        """The level at which the interval ends at zero; none is given below 1e-12."""
        if mean == 0:
            return 1.0
        if self.half_width(_LEAST_P) <= abs(mean):
            return _LEAST_P
        return float(brentq(lambda level: self.half_width(level) - abs(mean), _LEAST_P, 1))

    def detectable(self, level: float = LEVEL) -> float:
        """The true mean whose interval of coverage 1 - `level` is above zero with probability `POWER`."""
        # Seeds that happen to agree still have their own chance with each example.
        seeds = max(float(np.asarray(self.seeds)), self.own)
        freedom = float(np.asarray(self.freedom))
        half = replace(self, seeds=seeds * chances(freedom, 400)).half_width(level)
        return found_mean(half, math.sqrt(seeds + self.examples))


def without_means(table: Floats) -> Floats:
    """A table [rows, columns] less the means of its rows and columns: what rows and columns do not explain."""
    return np.asarray(table - table.mean(0) - table.mean(1, keepdims=True) + table.mean())


def chances(freedom: float, number: int) -> Floats:
    """Evenly likely ratios of a variance estimated with these degrees of freedom to the true one; ones for 0."""
    if not freedom:
        return np.ones(number)
    return np.asarray(chdtri(freedom, (np.arange(number) + 0.5) / number) / freedom)


def found_mean(half: Floats, deviation: float) -> float:
    """The true mean with which an estimate of this standard deviation exceeds `half`, evenly likely widths, in
    `POWER` of all cases.
    """
    if deviation == 0:
        return 0.0
    most = half.max() + 9 * deviation
    return float(brentq(lambda mean: ndtr((mean - half) / deviation).mean() - POWER, 0, most))
