"""Bigram shift: whether two neighbouring words of a sentence were swapped.

Paper: Conneau et al., What you can cram into a single vector, ACL 2018, section 2 (BShift).

Differences: neither word is the first of the sentence, and nothing but a space is between them, so that neither capital
letters nor punctuation show the swap. Both versions of a sentence are scored.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import ClassVar

import numpy as np

from nlp_ssl.corpus.segments import Segments
from nlp_ssl.tasks.from_corpus.base import Contrast, CorpusTask
from nlp_ssl.tasks.from_corpus.places import has_usual_length, inner_words, touching
from nlp_ssl.tasks.from_corpus.text import HeldOutText


class BigramShift(CorpusTask):
    """Two neighbouring words are swapped."""

    name: ClassVar = "bigram_shift"
    title: ClassVar = "Bigram shift: were two neighbouring words of this sentence swapped?"
    paper: ClassVar = "Conneau et al. 2018, What you can cram into a single $&!#* vector, ACL, section 2"
    knowledge: ClassVar = "order"
    labels: ClassVar = ("intact", "swapped")

    def contrasts(self, text: HeldOutText) -> Iterator[Contrast]:
        """Each suitable sentence with one of its swaps."""
        draws = text.draws(self.name)
        for i in np.argsort(draws).tolist():
            pieces = text.segments[i]
            swaps = neighbours(pieces) if has_usual_length(pieces) else []
            if swaps:
                one, other = swaps[int(draws[i] % len(swaps))]
                swapped = list(pieces)
                swapped[one], swapped[other] = pieces[other], pieces[one]
                yield Contrast((("".join(pieces),),), (("".join(swapped),),))


def neighbours(pieces: Segments) -> list[tuple[int, int]]:
    """The places of two different neighbouring words that can be swapped."""
    inner = inner_words(pieces)
    return [
        (one, other)
        for one, other in pairwise(inner)
        if touching(pieces, one, other) and pieces[one].casefold() != pieces[other].casefold()
    ]
