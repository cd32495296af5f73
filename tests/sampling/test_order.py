"""The order of an epoch."""

import numpy as np
import pytest

from nlp_ssl.sampling.order import permute


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


def test_a_literal_order() -> None:
    """A change of these numbers changes every run."""
    assert permute(np.arange(10), 10, 5, 0).tolist() == [5, 6, 9, 2, 1, 0, 8, 7, 3, 4]
