"""Words as 64-bit hashes of their characters, the same however a word is cut into tokens.

A word is a run of letters, marks and digits, after Unicode case folding. In scripts without spaces between words, it is
a single character. Tokens without any of these are not words.

The hash of the characters c_0, c_1, … is the sum of c_i * BASE^i modulo 2^64. So the hash of a word is the sum of its
pieces' hashes, each times a power of BASE. Two different words have the same hash with probability 2^-64.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import regex

BASE = 0x9E3779B97F4A7C15  # odd, so no power of it is 0

UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""Scripts without spaces between words, as the content of a regular expression's [ ]."""
_PIECE = regex.compile(rf"[{UNSPACED}]|[\p{{L}}\p{{M}}\p{{N}}--{UNSPACED}]+", regex.V1)
_ALONE = regex.compile(rf"[{UNSPACED}]")
_BYTES = "\ufffd"  # in the surface of a token that is part of a character's bytes

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]


def text_words(text: str) -> list[str]:
    """The words of a text, case-folded."""
    return [piece.casefold() for piece in _PIECE.findall(text)]


def powers(n: int) -> Hashes:
    """BASE^0 … BASE^(n - 1), modulo 2^64: [n]."""
    found = np.full(n, BASE, np.uint64)
    found[:1] = 1
    return np.cumprod(found, dtype=np.uint64)


def run_hashes(values: Hashes, starts: Ints) -> Hashes:
    """The hash of each run of values, `values[starts[i]:starts[i + 1]]`: [len(starts) - 1]; 0 for an empty run.

    `values` are characters, or the hashes of words for the hash of a text. Zeros in a run add nothing but count as
    characters for the powers of those behind them.
    """
    sizes = np.diff(starts)
    some = starts[:-1][sizes > 0]
    sums = np.zeros(len(sizes), np.uint64)
    if len(some):
        values = values[starts[0] : starts[-1]]
        place = np.arange(len(values)) - np.repeat(some - starts[0], sizes[sizes > 0])
        sums[sizes > 0] = np.add.reduceat(values * powers(int(sizes.max()))[place], some - starts[0])
    return sums


def mix(hashes: Hashes) -> Hashes:
    """Spread every bit over all 64 (the finaliser of splitmix64); a bijection."""
    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Hashes = hashes ^ (hashes >> np.uint64(31))
    return mixed


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """The pieces of words in each token of a vocabulary: P pieces, in the order of tokens."""

    first: Ints  # [size + 1]: index of each token's first piece
    hash: Hashes  # [P]
    length: Ints  # [P] characters
    joins_left: npt.NDArray[np.bool_]  # [P]: whether it can continue the word of the previous token
    joins_right: npt.NDArray[np.bool_]  # [P]: whether the next token can continue its word

    @classmethod
    def of(cls, surfaces: Sequence[str], word_starts: npt.NDArray[np.bool_]) -> Pieces:
        """The pieces of tokens, from their surfaces [size] and whether each token begins a word [size]."""
        count, hashes, lengths, left, right = [0], [], [], [], []
        for token, (surface, starts) in enumerate(zip(surfaces, word_starts.tolist(), strict=True)):
            # Tokens that are part of a character's bytes differ by their id alone, so each is a character of its own.
            found = [(surface, 0)] if _BYTES in surface else [(m[0], m.start()) for m in _PIECE.finditer(surface)]
            for piece, at in found:
                codes = [0x110000 + token] if _BYTES in surface else [ord(c) for c in piece.casefold()]
                alone = _ALONE.match(piece) is not None
                hashes.append(sum(code * pow(BASE, i, 2**64) for i, code in enumerate(codes)) % 2**64)
                lengths.append(len(codes))
                left.append(at == 0 and not starts and not alone)
                right.append(at + len(piece) == len(surface) and not alone)
            count.append(len(found))
        return cls(
            first=np.cumsum(count),
            hash=np.array(hashes, np.uint64),
            length=np.array(lengths, np.int64),
            joins_left=np.array(left, np.bool_),
            joins_right=np.array(right, np.bool_),
        )

    def words(self, ids: Ints, group: Ints) -> tuple[Ints, Hashes]:
        """The words of a run of tokens [T]: the index of each word's first token [W], ascending, and its hash [W].

        A word ends where the `group` [T], such as the sentence, changes.
        """
        count = self.first[ids + 1] - self.first[ids]  # [T] pieces
        at = np.repeat(np.arange(len(ids)), count)  # [N] the token of each piece
        past = np.cumsum(count)
        piece = np.arange(len(at)) + np.repeat(self.first[ids] - (past - count), count)  # [N]
        continues = self.joins_left[piece[1:]] & self.joins_right[piece[:-1]] & (np.diff(at) == 1)
        continues &= group[at[1:]] == group[at[:-1]]
        begins = np.flatnonzero(np.concatenate([np.ones(min(1, len(at)), np.bool_), ~continues]))  # [W]
        if not len(begins):
            return begins, np.zeros(0, np.uint64)
        length = self.length[piece]
        before = np.cumsum(length) - length  # [N] characters before each piece, in the run
        size = np.diff(np.append(begins, len(at)))  # [W] pieces
        before -= np.repeat(before[begins], size)  # … in its word
        return at[begins], np.add.reduceat(self.hash[piece] * powers(int(before.max()) + 1)[before], begins)
