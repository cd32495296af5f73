"""Noise as a pure function of (seed, epoch, example, stream, position).

A counter-based generator (the idea of Salmon et al., SC 2011: randomness by hashing a counter under a key)
gives every example draws of its own, whatever batch, worker or process it falls into, and after any resume.
The hash is the finaliser of splitmix64 (Steele et al., OOPSLA 2014), a bijection of 64 bits, vectorised.
"""

from __future__ import annotations

from copy import copy
from functools import cache, lru_cache
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

UInt64s = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.integer]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: neighbouring counters land far apart


def mix(x: UInt64s) -> UInt64s:
    """Hash each 64-bit integer of an array to 64 well-mixed bits; bijective. Writes a new array."""
    x = x * GOLDEN
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return x


@lru_cache(10_000)  # of a stream's few names; with dropout, every update has one of its own
def key_of(*parts: int | str) -> np.uint64:
    """One 64-bit key out of numbers and names."""
    digest = blake2b(repr(parts).encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


@cache
def _counters(width: int) -> UInt64s:
    return np.arange(1, width + 1, dtype=np.uint64)


class Noise:
    """The draws for the rows of one batch, one row an example.

    Draws of one stream at one position are the same whatever else is drawn; use one stream name a purpose.
    """

    def __init__(self, seed: int, epoch: int, example: Ints) -> None:
        """`example`: [B] numbers of the examples within the corpus."""
        number = example.astype(np.uint64)
        self._rows = mix(number ^ key_of("noise", seed, epoch))  # [B]
        self._twins = mix((number >> np.uint64(1)) ^ key_of("noise of twins", seed, epoch))  # [B]
        self._second = (number & np.uint64(1)).astype(np.int64)  # [B]

    def take(self, rows: Ints) -> Noise:
        """The noise of some of the rows alone."""
        part = copy(self)
        part._rows, part._twins, part._second = self._rows[rows], self._twins[rows], self._second[rows]
        return part

    def bits(self, stream: str, width: int) -> UInt64s:
        """64 random bits for every row and position. Returns uint64 [B, width]."""
        row = mix(self._rows ^ key_of(stream))
        return mix(row[:, None] + _counters(width))

    def uniform(self, stream: str, width: int) -> npt.NDArray[np.float32]:
        """Uniform draws in [0, 1), multiples of 2^-24. Returns float32 [B, width]."""
        return _unit_interval(self.bits(stream, width))

    def uniform_at(self, stream: str, row: Ints, position: Ints) -> npt.NDArray[np.float32]:
        """The draws `uniform(stream, …)[row, position]` alone, for [T] rows and positions. float32 [T]."""
        keys = mix(self._rows ^ key_of(stream))[row]
        return _unit_interval(mix(keys + position.astype(np.uint64) + np.uint64(1)))

    def integers(self, stream: str, high: Ints) -> npt.NDArray[np.int64]:
        """One uniform integer a row in 0..high-1, for `high` [B] below 2^24. Returns int64 [B]."""
        draws = self.uniform(stream, 1)[:, 0].astype(np.float64)
        return (draws * high).astype(np.int64)

    def halves(self, stream: str) -> npt.NDArray[np.int64]:
        """0 or 1 for every row, exactly balanced: of the examples 2n and 2n + 1 one gets each. int64 [B]."""
        coin = (mix(self._twins ^ key_of(stream)) >> np.uint64(63)).astype(np.int64)
        return coin ^ self._second


def _unit_interval(bits: UInt64s) -> npt.NDArray[np.float32]:
    scaled = (bits >> np.uint64(40)).astype(np.float32)
    scaled *= np.float32(2.0**-24)
    return scaled
