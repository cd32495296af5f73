"""Half order: whether the halves of a sentence are in their order or exchanged.

Both versions begin and end with a word: quotation marks around the sentence and its final mark are left out. The first
word is in lower case unless the text mostly writes it with a capital letter. Halves are cut at a space between two
words. Sentences with quotation marks, brackets or apostrophes between words are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import ClassVar

import numpy as np

from nlp_ssl.corpus.segments import Segments, is_word
from nlp_ssl.tasks.from_corpus.base import Contrast, CorpusTask
from nlp_ssl.tasks.from_corpus.places import has_usual_length, touching
from nlp_ssl.tasks.from_corpus.text import HeldOutText

_MAY_STAY = frozenset([" ", ",", ";", ":", "-", "‐", "–", "—", "、", "，", "；", "：", "،", "؛"])
"""Segments besides words that may be within a sentence."""

_OFF_CENTRE = 0.2
"""The cut is at most this share of the words away from the middle."""


class HalfOrder(CorpusTask):
    """The halves of a sentence are exchanged."""

    name: ClassVar = "half_order"
    title: ClassVar = "Half order: are the two halves of this sentence in order?"
    paper: ClassVar = "after Lan et al. 2020, ALBERT, ICLR, section 3.1, within a sentence"
    knowledge: ClassVar = "order"
    labels: ClassVar = ("in order", "exchanged")

    def contrasts(self, text: HeldOutText) -> Iterator[Contrast]:
        """Each suitable sentence with its halves exchanged."""
        for i in np.argsort(text.draws(self.name)).tolist():
            pieces = bare(text.segments[i])
            cut = middle(pieces) if has_usual_length(pieces) else None
            if cut is None:
                continue
            pieces = [uncapitalised(pieces[0], text.counts), *pieces[1:]]
            last = cut + 1 if pieces[cut].isspace() else cut
            first, space, second = ("".join(part) for part in (pieces[:cut], pieces[cut:last], pieces[last:]))
            if first != second:
                yield Contrast(((first + space + second,),), ((second + space + first,),))


def bare(pieces: Segments) -> Segments:
    """The segments from the first word to the last one; empty if there is anything unusual between them."""
    found = [i for i, piece in enumerate(pieces) if is_word(piece)]
    inside = pieces[found[0] : found[-1] + 1] if found else []
    return inside if all(is_word(p) or p in _MAY_STAY for p in inside) else []


def middle(pieces: Segments) -> int | None:
    """The place of the space between two words that is nearest to the middle; in scripts without spaces, of a word.

    None if there is none near the middle.
    """
    found = [i for i, piece in enumerate(pieces) if is_word(piece)]
    half = len(found) / 2
    cuts = [
        (abs(n - half), one + 1) for n, (one, other) in enumerate(pairwise(found), 1) if touching(pieces, one, other)
    ]
    distance, cut = min(cuts, default=(half, 0))
    return cut if distance <= _OFF_CENTRE * len(found) else None


def uncapitalised(word: str, counts: Counter[str]) -> str:
    """A sentence's first word in lower case, unless it has its capital letter within sentences, too."""
    return word if counts[word] > counts[word.lower()] else word.lower()
