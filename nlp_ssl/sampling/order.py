"""The order of an epoch: a keyed permutation of 0..n-1 that needs no memory.

A Feistel network over pairs (left, right) in a x b with a, b close to the root of n; numbers that fall
outside 0..n-1 are sent round again (cycle walking: Black & Rogaway, CT-RSA 2002). Any part of the order can
be had at any time, so resuming is setting a counter.
"""

from __future__ import annotations

from math import isqrt

import numpy as np
import numpy.typing as npt

from nlp_ssl.sampling.noise import key_of, mix

ROUNDS = 6


def permute(index: npt.NDArray[np.int64], n: int, *key: int | str) -> npt.NDArray[np.int64]:
    """Where the permutation of 0..n-1 under `key` sends each index. int64, the shape of `index`."""
    a = isqrt(n - 1) + 1 if n > 1 else 1
    b = -(-n // a)
    rounds = [key_of("order", turn, *key) for turn in range(ROUNDS)]
    out = _feistel(index.astype(np.uint64), np.uint64(a), np.uint64(b), rounds)
    outside = np.flatnonzero(out >= n)
    while len(outside):
        out[outside] = _feistel(out[outside], np.uint64(a), np.uint64(b), rounds)
        outside = outside[out[outside] >= n]
    return out.astype(np.int64)


def _feistel(x: npt.NDArray[np.uint64], a: np.uint64, b: np.uint64, rounds: list[np.uint64]) -> npt.NDArray[np.uint64]:
    """A bijection of 0..a*b-1: each round shifts one half by a hash of the other."""
    left, right = x // b, x % b
    for turn, key in enumerate(rounds):
        if turn % 2:
            right = (right + mix(left ^ key) % b) % b
        else:
            left = (left + mix(right ^ key) % a) % a
    return left * b + right
