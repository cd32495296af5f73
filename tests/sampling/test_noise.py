"""Noise: a function of seed, epoch, example, stream and position."""

import numpy as np
import pytest

from nlp_ssl.sampling.noise import Noise, mix


def test_mix_is_the_finaliser_of_splitmix64() -> None:
    # splitmix64 seeded with 0 gives these first outputs (Vigna's reference implementation): mix(1), mix(2), mix(3).
    first = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert mix(np.array([1, 2, 3], np.uint64)).tolist() == first


def test_a_rows_draws_depend_on_its_example_alone() -> None:
    together = Noise(7, 2, np.array([5, 11, 400])).uniform("mask", 16)
    alone = Noise(7, 2, np.array([11])).uniform("mask", 16)
    assert np.array_equal(together[1], alone[0])
    wider = Noise(7, 2, np.array([11])).uniform("mask", 40)
    assert np.array_equal(wider[0, :16], alone[0])


@pytest.mark.parametrize("other", [Noise(8, 2, np.arange(4)), Noise(7, 3, np.arange(4)), Noise(7, 2, np.arange(4, 8))])
def test_seed_epoch_and_example_all_matter(other: Noise) -> None:
    mine = Noise(7, 2, np.arange(4)).uniform("mask", 64)
    assert not np.isin(mine, other.uniform("mask", 64)).any()


def test_draws_are_uniform_and_uncorrelated() -> None:
    draws = Noise(0, 0, np.arange(2000)).uniform("mask", 500)
    assert draws.min() >= 0 and draws.max() < 1
    # A million draws: the standard errors are 0.0003 of the mean, 0.001 of the correlations.
    assert abs(draws.mean() - 0.5) < 0.0015
    assert abs(draws.var() - 1 / 12) < 0.0006
    for a, b in ((draws[:, 1:], draws[:, :-1]), (draws[1:], draws[:-1])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.005
    share = np.histogram(draws, bins=50, range=(0, 1))[0] / draws.size
    assert np.abs(share - 0.02).max() < 0.001


def test_single_draws_are_those_of_the_whole() -> None:
    noise = Noise(1, 0, np.arange(8))
    row, position = np.array([0, 3, 3, 7]), np.array([9, 0, 5, 2])
    assert np.array_equal(noise.uniform_at("word", row, position), noise.uniform("word", 10)[row, position])


def test_integers_cover_their_range_evenly() -> None:
    drawn = Noise(3, 1, np.arange(30_000)).integers("split", np.full(30_000, 3))
    assert np.bincount(drawn).tolist() == pytest.approx([10_000] * 3, abs=400)


def test_literal_draws() -> None:
    """A change of these numbers changes every run."""
    noise = Noise(7, 2, np.array([5, 11]))
    assert (noise.uniform("mask", 3) * 2**24).tolist() == [
        [5820437.0, 14334227.0, 4877830.0],
        [7248891.0, 3713045.0, 2859560.0],
    ]
    assert noise.halves("swap").tolist() == [1, 1]
    assert noise.integers("split", np.array([10, 10])).tolist() == [1, 8]


def test_streams_differ() -> None:
    noise = Noise(7, 2, np.arange(4))
    assert not np.isin(noise.uniform("mask", 64), noise.uniform("random", 64)).any()


def test_taken_rows_keep_their_draws() -> None:
    noise, rows = Noise(1, 0, np.array([3, 8, 9, 40]), 0.25), np.array([3, 1])
    part = noise.take(rows)
    assert part.done == 0.25
    assert np.array_equal(part.uniform("mask", 5), noise.uniform("mask", 5)[rows])
    assert np.array_equal(part.halves("swap"), noise.halves("swap")[rows])
    assert np.array_equal(part.integers("split", np.array([9, 9])), noise.integers("split", np.full(4, 9))[rows])


def test_one_of_two_neighbouring_examples_gets_each_half() -> None:
    halves = Noise(4, 1, np.arange(2000)).halves("swap").reshape(1000, 2)
    assert set(halves.sum(axis=1).tolist()) == {1}
    # Which of the two is a coin: 1,000 tosses have a standard deviation of 16.
    assert abs(halves[:, 0].sum() - 500) < 80
    assert not np.array_equal(halves, Noise(4, 2, np.arange(2000)).halves("swap").reshape(1000, 2))
