"""Odd word: whether a word of a sentence was replaced by another of like frequency.

Paper: Conneau et al., What you can cram into a single vector, ACL 2018, section 2 (SOMO).

Differences: two sentences exchange a word, so the words of both classes are the same. Any word that is neither frequent
nor very rare can be exchanged, not only nouns and verbs, since this needs no tagger. The two words occur equally often
up to a factor of two, and agree in capital letters and digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from nlp_ssl.corpus.segments import Segments, is_unspaced
from nlp_ssl.tasks.from_corpus.base import Contrast, CorpusTask
from nlp_ssl.tasks.from_corpus.places import has_usual_length, inner_words
from nlp_ssl.tasks.from_corpus.text import HeldOutText

FEWEST_OCCURRENCES = 2
MOST_FREQUENT = 1e-3
"""A word above this share of all segments is never exchanged."""


class OddWord(CorpusTask):
    """Two sentences exchange a word of like frequency."""

    name: ClassVar = "odd_word"
    title: ClassVar = "Odd word: was a word of this sentence replaced by another of like frequency?"
    paper: ClassVar = "Conneau et al. 2018, What you can cram into a single $&!#* vector, ACL, section 2"
    knowledge: ClassVar = "meaning"
    labels: ClassVar = ("intact", "replaced")

    def contrasts(self, text: HeldOutText) -> Iterator[Contrast]:
        """Pairs of sentences, and the same with one word exchanged between them."""
        draws = text.draws(self.name)
        most = max(MOST_FREQUENT * text.counts.total(), 2 * FEWEST_OCCURRENCES)
        place: dict[int, int] = {}
        groups: dict[tuple[int, int], dict[str, list[int]]] = {}
        for i in np.argsort(draws).tolist():
            pieces = text.segments[i]
            inner = inner_words(pieces) if has_usual_length(pieces) else []
            known = [j for j in inner if FEWEST_OCCURRENCES <= text.counts[pieces[j]] <= most and _long(pieces[j])]
            if known:
                place[i] = known[int(draws[i] % len(known))]
                word = pieces[place[i]]
                alike = (text.counts[word].bit_length(), letter_case(word))
                groups.setdefault(alike, {}).setdefault(word, []).append(i)
        pairs = [pair for group in groups.values() for pair in partners(list(group.values()))]
        for one, other in sorted(pairs, key=lambda pair: int(draws[pair[0]])):
            yield _exchange(text.segments[one], place[one], text.segments[other], place[other])


def partners(same_word: list[list[int]]) -> list[tuple[int, int]]:
    """Pairs of sentences with different words, from lists of the sentences with the same word."""
    ordered = [i for group in same_word for i in group]
    word = [number for number, group in enumerate(same_word) for _ in group]
    half = len(ordered) // 2
    return [(ordered[k], ordered[k + half]) for k in range(half) if word[k] != word[k + half]]


def letter_case(word: str) -> int:
    """0 for a word in lower case or without case, 1 with an initial capital, 2 for any other, 3 with a digit."""
    if any(map(str.isdigit, word)):
        return 3
    return 0 if word == word.lower() else 1 if word[1:] == word[1:].lower() else 2


def _long(word: str) -> bool:
    return len(word) > 1 or is_unspaced(word)


def _exchange(one: Segments, i: int, other: Segments, j: int) -> Contrast:
    changed, also = list(one), list(other)
    changed[i], also[j] = other[j], one[i]
    return Contrast((("".join(one),), ("".join(other),)), (("".join(changed),), ("".join(also),)))
