"""Words out of tokens, as 64-bit hashes of their characters: however a word is cut into tokens, its hash is the same.

A word is a run of letters, marks and digits, in lower case (by Unicode's case folding). In scripts that put no space
between words, it is a single character. Tokens without any of these are no words.

The hash of the characters c_0, c_1, … is the sum of c_i * BASE^i, modulo 2^64, so that a word's is the sum of its
pieces' times a power of BASE. Different words have different hashes, but for an accident of 1 in 2^64.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import regex

BASE = 0x9E3779B97F4A7C15  # odd, hence no power of it is 0

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_PIECE = regex.compile(rf"[{_UNSPACED}]|[\p{{L}}\p{{M}}\p{{N}}--{_UNSPACED}]+", regex.V1)
_ALONE = regex.compile(rf"[{_UNSPACED}]")
_BYTES = "\ufffd"  # in the surface of a token that is a part of a character's bytes

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """The pieces of words in each token of a vocabulary, P in all, one token's after another's."""

    first: Ints  # [size + 1]: where those of each token begin
    hash: npt.NDArray[np.uint64]  # [P]
    length: Ints  # [P] characters
    joins_left: npt.NDArray[np.bool_]  # [P]: does it go on with a word that the token before leaves open?
    joins_right: npt.NDArray[np.bool_]  # [P]: does it leave its word open?

    @classmethod
    def of(cls, surfaces: Sequence[str], word_starts: npt.NDArray[np.bool_]) -> Pieces:
        """The pieces of the tokens with these surfaces and these beginnings of words, [size] each."""
        count, hashes, lengths, left, right = [0], [], [], [], []
        for token, (surface, starts) in enumerate(zip(surfaces, word_starts.tolist(), strict=True)):
            # Some bytes of a character are told apart by their token alone, which is a character of its own here.
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

    def words(self, ids: Ints, group: Ints) -> tuple[Ints, npt.NDArray[np.uint64]]:
        """The words of a run of tokens [T]: where each begins [W], ascending, and its hash [W].

        No word goes on where the `group` [T] changes.
        """
        count = self.first[ids + 1] - self.first[ids]  # [T] pieces
        at = np.repeat(np.arange(len(ids)), count)  # [N] the token of each piece
        past = np.cumsum(count)
        piece = np.arange(len(at)) + np.repeat(self.first[ids] - (past - count), count)  # [N]
        goes_on = self.joins_left[piece[1:]] & self.joins_right[piece[:-1]] & (np.diff(at) == 1)
        goes_on &= group[at[1:]] == group[at[:-1]]
        begins = np.flatnonzero(np.concatenate([np.ones(min(1, len(at)), np.bool_), ~goes_on]))  # [W]
        if not len(begins):
            return begins, np.zeros(0, np.uint64)
        length = self.length[piece]
        before = np.cumsum(length) - length  # [N] characters before each piece, in the run
        size = np.diff(np.append(begins, len(at)))  # [W] pieces
        before -= np.repeat(before[begins], size)  # … in its word
        powers = np.cumprod(np.full(int(before.max()), BASE, np.uint64), dtype=np.uint64)
        powers = np.concatenate([np.ones(1, np.uint64), powers])
        return at[begins], np.add.reduceat(self.hash[piece] * powers[before], begins)
