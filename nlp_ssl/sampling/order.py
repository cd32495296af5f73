"""The order of an epoch: a keyed permutation of 0..n-1 that needs no memory.

A Feistel network permutes pairs (left, right) from a x b, with a and b close to the square root of n. Results outside
0..n-1 are permuted again (cycle walking, Black & Rogaway, CT-RSA 2002). Any part of the order can be computed on its
own, so resuming needs only the step.
"""

from __future__ import annotations

from math import isqrt

import numpy as np
import numpy.typing as npt

from nlp_ssl.sampling.noise import key_of, mix

ROUNDS = 6


def permute(index: npt.NDArray[np.int64], n: int, *key: int | str) -> npt.NDArray[np.int64]:
    """Apply the permutation of 0..n-1 with this key to each index. Returns int64 of the shape of `index`."""
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
    """A bijection of 0..a*b-1. Each round shifts one half by a hash of the other."""
    left, right = x // b, x % b
    for turn, key in enumerate(rounds):
        if turn % 2:
            right = (right + mix(left ^ key) % b) % b
        else:
            left = (left + mix(right ^ key) % a) % a
    return left * b + right
