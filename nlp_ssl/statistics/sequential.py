"""Several looks at growing data, with one error rate.

A comparison that adds pretraining seeds until it has an answer tests the same differences at each look. At 5 % for
each, false verdicts would add up. So each look gets a share of the 5 %: after S of at most M seeds, (S / M)² of it are
spent (alpha spending: Lan and DeMets, Biometrika 70, 1983; this family: Kim and DeMets, Biometrika 74, 1987). With
looks after 3, 5 and 10 seeds, these are 0.45, 0.8 and 3.75 %: most is kept for the last look. The shares add up to
5 %, so a false verdict at any look has a chance of at most 5 %, whatever the distribution of the scores and however
alike the looks are. The intervals of a look have its level, so that those of all looks together cover the truth with
95 % (repeated confidence intervals: Jennison and Turnbull, JRSS B 51, 1989).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """One look of several."""

    share: float = 1.0
    """Share of the error rate that this look has."""

    @classmethod
    def at(cls, seeds: int, looks: Sequence[int]) -> Look:
        """The look after `seeds` seeds, one of the increasing numbers `looks`."""
        before = max((other for other in looks if other < seeds), default=0)
        return cls((seeds**2 - before**2) / looks[-1] ** 2)

    def level(self, level: float) -> float:
        """The nominal level of this look, where all looks together have `level`."""
        return self.share * level

    def p_value(self, p: float) -> float:
        """The level of all looks together at which a nominal `p` is significant at this look."""
        return min(p / self.share, 1.0)


ONLY = Look()
"""The look of a comparison that has one."""
