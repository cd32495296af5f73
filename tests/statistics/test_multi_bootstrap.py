"""The multi-bootstrap against all resamples of a small case, written as the paper has it."""

from itertools import product

import numpy as np
import pytest

from nlp_ssl.statistics.intervals import measure
from nlp_ssl.statistics.multi_bootstrap import RESAMPLES, multi_bootstrap

GOLD = np.array([0, 1, 1, 0])
OURS = np.array([[[0, 1, 1, 1]], [[0, 1, 0, 0]]])  # [seeds, fine-tuning seeds, examples]
THEIRS = np.array([[[0, 1, 0, 1]], [[1, 1, 0, 1]]])


def every_difference(paired: bool) -> np.ndarray:
    """The difference of accuracies for every draw of two seeds and four examples."""
    found = []
    for examples in product(range(4), repeat=4):
        picked = list(examples)
        right = [(model[:, 0, picked] == GOLD[picked]).mean(1) for model in (OURS, THEIRS)]
        for seeds in product(range(2), repeat=2):
            for others in [seeds] if paired else product(range(2), repeat=2):
                found.append(right[0][list(seeds)].mean() - right[1][list(others)].mean())
    return np.array(found)


@pytest.mark.parametrize("paired", [True, False])
def test_it_has_the_distribution_of_all_resamples(paired: bool) -> None:
    ours, theirs = measure("accuracy", GOLD, OURS), measure("accuracy", GOLD, THEIRS, pretrained=paired)
    found, every = multi_bootstrap(ours, theirs), every_difference(paired)
    assert found.p == pytest.approx((every <= 1e-12).mean(), abs=3 * np.sqrt(0.1 / RESAMPLES))
    low, high = np.quantile(every, [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.126)  # one step of 1 / 8


def test_paired_seeds_lose_what_seeds_share() -> None:
    rng = np.random.default_rng(0)
    gold = np.zeros(2000)
    luck = np.array([0.2, 0.5, 0.8])[:, None, None]
    ours = rng.random((3, 1, 2000)) < luck
    theirs = ours.copy()
    theirs[:, :, :20] = True  # a few more are wrong
    paired, apart = (
        multi_bootstrap(measure("accuracy", gold, ours), measure("accuracy", gold, theirs, pretrained=pretrained))
        for pretrained in (True, False)
    )
    assert paired.high - paired.low < 0.01 < 0.3 < apart.high - apart.low
    assert paired.low > 0 and paired.p == 1 / RESAMPLES


def test_one_seed_leaves_only_examples() -> None:
    found = multi_bootstrap(measure("accuracy", GOLD, OURS[:1]), measure("accuracy", GOLD, THEIRS[:1]))
    # The third example is right for ours alone: without it, the difference is zero.
    assert found.p == pytest.approx(0.75**4, abs=3 * np.sqrt(0.22 / RESAMPLES))
    assert (found.low, found.high) == (0.0, pytest.approx(0.75, abs=0.01))


def test_the_same_scores_do_not_differ() -> None:
    same = measure("macro_f1", GOLD, OURS)
    found = multi_bootstrap(same, same)
    assert (found.low, found.high, found.p) == (0.0, 0.0, 1.0)
    assert found == multi_bootstrap(same, same)
