import numpy as np
import pytest

from nlp_ssl.sampling.noise import Noise, mix
from nlp_ssl.sampling.order import permute


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


@pytest.mark.parametrize("n", [1, 2, 3, 10, 97, 4096, 100_003])
def test_the_order_is_a_permutation(n: int) -> None:
    assert np.array_equal(np.sort(permute(np.arange(n), n, 5, 0)), np.arange(n))


def test_parts_of_an_order_are_those_of_the_whole() -> None:
    whole = permute(np.arange(1000), 1000, 5, 0)
    assert np.array_equal(permute(np.array([999, 3, 500]), 1000, 5, 0), whole[[999, 3, 500]])
    assert not np.array_equal(whole, permute(np.arange(1000), 1000, 5, 1))


def test_an_order_looks_random() -> None:
    order = permute(np.arange(50_000), 50_000, 1, 2)
    # The standard error of a correlation is 1 / sqrt(50,000) = 0.0045.
    assert abs(np.corrcoef(order, np.arange(50_000))[0, 1]) < 0.02
    assert abs(np.corrcoef(order[1:], order[:-1])[0, 1]) < 0.02
