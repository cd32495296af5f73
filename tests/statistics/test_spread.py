"""The variance of a mean against scipy's distributions."""

import numpy as np
import pytest
from scipy import stats

from nlp_ssl.statistics.spread import Spread, chances, found_mean


def test_seeds_alone_have_student_s_t_and_its_power() -> None:
    spread = Spread(seeds=0.04, freedom=4, examples=0.0, own=0.0, n=100)
    assert spread.half_width(0.05) == pytest.approx(2.776 * 0.2, rel=1e-3)
    assert spread.p_value(0.2 * 2.776) == pytest.approx(0.05, rel=1e-3)
    for level in (0.05, 0.01):
        ratio = spread.detectable(level) / 0.2
        assert stats.nct.sf(stats.t.isf(level / 2, 4), 4, ratio) == pytest.approx(0.8, abs=2e-3)


def test_examples_alone_have_the_normal_distribution_s_power() -> None:
    spread = Spread(seeds=0.0, freedom=0, examples=0.0004, own=0.0, n=100_000)
    assert spread.detectable() == pytest.approx((1.960 + 0.842) * 0.02, rel=1e-3)
    assert spread.detectable(0.005) == pytest.approx((2.807 + 0.842) * 0.02, rel=1e-3)


def test_arrays_stand_for_several_spreads() -> None:
    seeds, freedom = [0.0, 0.01, 0.2], [0.0, 2.0, 4.0]
    together = Spread(seeds, freedom, 0.02, 0.001, 50).half_width(0.01)
    alone = [Spread(s, f, 0.02, 0.001, 50).half_width(0.01) for s, f in zip(seeds, freedom, strict=True)]
    assert together == pytest.approx(np.array(alone))


def test_estimated_variances_are_right_on_average() -> None:
    assert chances(4, 400).mean() == pytest.approx(1, abs=0.01)
    assert chances(0, 3).tolist() == [1, 1, 1]


def test_what_never_varies_is_found_at_once() -> None:
    assert found_mean(np.zeros(1), 0.0) == 0
