"""The part that a very long document gives to the validation split."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nlp_ssl.corpus.sentences import load_splitter, split_checked
from nlp_ssl.corpus.splitters.base import Splitter
from nlp_ssl.corpus.words import mix

LONG_DOCUMENT = 2**14  # bytes; shorter documents are never divided
_WINDOW = 2**12  # bytes on each side of a place that are searched for a sentence boundary


@dataclass(frozen=True)
class Dividing:
    """Finds the part: a run of whole sentences, which depends on the document alone."""

    share: float  # of the document
    sentences: str
    language: str

    def part(self, text: bytes, hash: int) -> tuple[int, int]:
        """Where the part of a document in UTF-8 begins and ends, in bytes; (0, 0) where the document gives none.

        Its place is drawn from the document's `hash`, uniformly. It begins and ends at the next sentence boundary.
        """
        if len(text) < LONG_DOCUMENT or not self.share:
            return 0, 0
        length = round(self.share * len(text))
        drawn = int(mix(np.array([hash], np.uint64))[0]) / 2**64
        start = self._boundary(text, int(drawn * (len(text) - length)))
        end = self._boundary(text, start + length)
        return (start, end) if start < end and end - start < len(text) else (0, 0)

    def _boundary(self, text: bytes, at: int) -> int:
        """The first sentence boundary at or after a place; a blank or the place itself where there is none nearby."""
        if at <= 0 or at >= len(text):
            return min(max(at, 0), len(text))
        begin = max(text.rfind(b"\n", 0, at) + 1, at - _WINDOW)
        if begin == at:
            return at
        line_end = text.find(b"\n", at, at + _WINDOW)
        end = line_end + 1 if line_end >= 0 else min(at + _WINDOW, len(text))
        window = text[begin:end].decode(errors="ignore")
        place = 0
        for sentence in split_checked(_splitter(self.sentences, self.language), [window])[0][1:]:
            place = window.find(sentence.strip(), place)
            offset = begin + _skipped(text, begin) + len(window[:place].encode())
            if offset >= at:
                return offset
        if line_end >= 0 or end == len(text):
            return end
        blank = text.find(b" ", at, end)
        return blank + 1 if blank >= 0 else at + _skipped(text, at)


def _skipped(text: bytes, at: int) -> int:
    """The bytes from a place to the beginning of the next character."""
    return next(i for i in range(4) if at + i >= len(text) or text[at + i] & 0xC0 != 0x80)


@lru_cache(maxsize=1)
def _splitter(sentences: str, language: str) -> Splitter:
    return load_splitter(sentences, language)
