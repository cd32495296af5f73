"""Next sentence: whether the second sentence follows the first in the text.

Two pairs of neighbouring sentences of one document exchange their second sentences. So both classes have the same first
and the same second sentences, and a topic that differs between documents does not help. Documents need four sentences.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from nlp_ssl.tasks.from_corpus.base import Contrast, CorpusTask
from nlp_ssl.tasks.from_corpus.text import Draws, HeldOutText


class NextSentence(CorpusTask):
    """Two pairs of neighbouring sentences exchange their second sentences."""

    name: ClassVar = "next_sentence"
    title: ClassVar = "Next sentence: does the second sentence follow the first?"
    paper: ClassVar = "after Devlin et al. 2019, BERT, NAACL, section 3.1, within a document"
    knowledge: ClassVar = "meaning"
    labels: ClassVar = ("follows", "does not follow")
    columns: ClassVar = ("first", "second")

    def contrasts(self, text: HeldOutText) -> Iterator[Contrast]:
        """Two pairs of a document, and the same with their second sentences exchanged."""
        texts = text.texts
        draws = text.draws(self.name)
        quartets = [quartet for group in documents(text) for quartet in partners(group, draws)]
        for a, c in sorted(quartets, key=lambda quartet: int(draws[quartet[0]])):
            one, after_one, other, after_other = texts[a], texts[a + 1], texts[c], texts[c + 1]
            if len({one, after_one, other, after_other}) == 4:
                yield Contrast(
                    ((one, after_one), (other, after_other)),
                    ((one, after_other), (other, after_one)),
                )


def documents(text: HeldOutText) -> Iterator[list[int]]:
    """For each document, the first sentences of pairs of neighbours; no sentence is in two pairs."""
    document, place = text.sentences.document, text.sentences.place
    follows = (np.diff(document) == 0) & (np.diff(place) == 1)
    group: list[int] = []
    last = -2
    for i in np.flatnonzero(follows).tolist():
        if group and document[i] != document[group[0]]:
            yield group
            group = []
        if i > last + 1:
            group.append(i)
            last = i
    if group:
        yield group


def partners(group: list[int], draws: Draws) -> list[tuple[int, int]]:
    """The pairs of a document, two by two in a random order."""
    shuffled = sorted(group, key=lambda i: int(draws[i]))
    return list(zip(shuffled[::2], shuffled[1::2], strict=False))
