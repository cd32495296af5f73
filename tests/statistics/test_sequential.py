"""Looks at growing data share one error rate."""

import numpy as np
import pytest

from nlp_ssl.statistics.intervals import Scores, difference
from nlp_ssl.statistics.sequential import ONLY, Look


@pytest.mark.parametrize(("seeds", "level"), [(3, 0.0045), (5, 0.008), (10, 0.0375)])
def test_each_look_spends_up_to_the_square_of_its_seeds(seeds: int, level: float) -> None:
    look = Look.at(seeds, (3, 5, 10))
    assert look.level(0.05) == pytest.approx(level)
    assert look.p_value(level) == pytest.approx(0.05)


def test_a_single_look_changes_nothing() -> None:
    assert Look.at(3, (3,)) == ONLY
    assert (ONLY.level(0.05), ONLY.p_value(0.03)) == (0.05, 0.03)


def test_p_values_end_at_one() -> None:
    assert Look.at(3, (3, 10)).p_value(0.5) == 1.0


def test_looking_several_times_does_not_add_false_verdicts() -> None:
    """Without the shares, looks after 3, 5 and 10 seeds find a difference in 9 % of comparisons; with them in 4 %."""
    rng, looks, repeats = np.random.default_rng(0), (3, 5, 10), 1500
    false = {"adjusted": 0, "unadjusted": 0}
    for _ in range(repeats):
        values, nothing = rng.standard_normal((10, 1)), np.zeros((10, 1, 20))
        for way in false:
            p = []
            for S in looks:
                ours, theirs = (Scores(v[:S], nothing[:S], lowest=-np.inf) for v in (values, 0 * values))
                p.append(difference(ours, theirs, Look.at(S, looks) if way == "adjusted" else ONLY).p or 0.0)
            false[way] += min(p) <= 0.05
    assert 0.025 < false["adjusted"] / repeats <= 0.05 + 0.011
    assert false["unadjusted"] / repeats > 0.08


def test_the_interval_of_a_look_ends_at_zero_where_its_p_value_is_five_percent() -> None:
    rng = np.random.default_rng(1)
    look = Look.at(5, (3, 5))
    for gain in np.linspace(0, 2, 40):
        values = gain + rng.standard_normal((5, 1))
        found = difference(
            Scores(values, np.zeros((5, 1, 9)), lowest=-9), Scores(0 * values, np.zeros((5, 1, 9)), lowest=-9), look
        )
        assert found.p is not None and (found.p <= 0.05) == (found.verdict != "no significant difference")
