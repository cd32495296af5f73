"""Noise as a pure function of (seed, epoch, example, stream, position).

An objective with a schedule also reads the share of the run that is done.

A counter-based generator hashes a counter with a key (Salmon et al., SC 2011). The draws of an example
therefore do not depend on its batch, worker or process, or on interruptions. The hash is the finaliser of splitmix64
(Steele et al., OOPSLA 2014), a bijection of 64-bit integers.
"""

from __future__ import annotations

from copy import copy
from functools import cache, lru_cache
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

UInt64s = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.integer]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: separates neighbouring counters


def mix(x: UInt64s) -> UInt64s:
    """Hash each 64-bit integer to 64 well-mixed bits. A bijection; returns a new array."""
    x = x * GOLDEN
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return x


@lru_cache(10_000)  # bounded: with dropout, each update has its own key
def key_of(*parts: int | str) -> np.uint64:
    """A 64-bit key from numbers and names."""
    digest = blake2b(repr(parts).encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


@cache
def _counters(width: int) -> UInt64s:
    return np.arange(1, width + 1, dtype=np.uint64)


class Noise:
    """Random draws for the examples of a batch.

    Each purpose needs a stream name of its own: the same stream and position always give the same draw.
    """

    def __init__(self, seed: int, epoch: int, example: Ints, done: float = 1.0) -> None:
        """`example` [B] has the numbers of the examples within the corpus.

        `done` is the share of the run before this step, below 1; outside a run, as in validation, it is 1.
        """
        self.done = done
        number = example.astype(np.uint64)
        self._rows = mix(number ^ key_of("noise", seed, epoch))  # [B]
        self._twins = mix((number >> np.uint64(1)) ^ key_of("noise of twins", seed, epoch))  # [B]
        self._second = (number & np.uint64(1)).astype(np.int64)  # [B]

    def take(self, rows: Ints) -> Noise:
        """The noise of these rows only."""
        part = copy(self)
        part._rows, part._twins, part._second = self._rows[rows], self._twins[rows], self._second[rows]
        return part

    def bits(self, stream: str, width: int) -> UInt64s:
        """64 random bits for each row and position: uint64 [B, width]."""
        row = mix(self._rows ^ key_of(stream))
        return mix(row[:, None] + _counters(width))

    def uniform(self, stream: str, width: int) -> npt.NDArray[np.float32]:
        """Uniform draws from [0, 1), multiples of 2^-24: float32 [B, width]."""
        return _unit_interval(self.bits(stream, width))

    def uniform_at(self, stream: str, row: Ints, position: Ints) -> npt.NDArray[np.float32]:
        """`uniform(stream, …)[row, position]` for T rows and positions, without the other draws: float32 [T]."""
        keys = mix(self._rows ^ key_of(stream))[row]
        return _unit_interval(mix(keys + position.astype(np.uint64) + np.uint64(1)))

    def integers(self, stream: str, high: Ints) -> npt.NDArray[np.int64]:
        """A uniform integer from 0..high-1 for each row: int64 [B]. `high` [B] must be below 2^24."""
        draws = self.uniform(stream, 1)[:, 0].astype(np.float64)
        return (draws * high).astype(np.int64)

    def halves(self, stream: str) -> npt.NDArray[np.int64]:
        """0 or 1 for each row, exactly balanced: examples 2n and 2n + 1 always get different values. int64 [B]."""
        coin = (mix(self._twins ^ key_of(stream)) >> np.uint64(63)).astype(np.int64)
        return coin ^ self._second


def _unit_interval(bits: UInt64s) -> npt.NDArray[np.float32]:
    scaled = (bits >> np.uint64(40)).astype(np.float32)
    scaled *= np.float32(2.0**-24)
    return scaled
