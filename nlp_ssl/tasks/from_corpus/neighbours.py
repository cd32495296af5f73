"""Queries for retrieval: held-out sentences, each with the sentence that follows it and others that do not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.store import Corpus
from nlp_ssl.tasks.from_corpus.base import too_little_text
from nlp_ssl.tasks.from_corpus.next_sentence import documents
from nlp_ssl.tasks.from_corpus.places import has_usual_length
from nlp_ssl.tasks.from_corpus.text import HeldOutText, held_out_text

Ints = npt.NDArray[np.int64]

CANDIDATES = 1000
"""Sentences that the next sentence is among."""
FEWEST_QUERIES = 100
SENTENCES = 40_000
"""Sentences that are read."""
PASSAGE = 100
"""Sentences of a passage."""


@dataclass(frozen=True)
class NeighbourQueries:
    """Q queries with N candidates each."""

    queries: list[str]
    answers: list[str]
    """The sentence after each query. The answers of other queries are its wrong candidates."""
    candidates: Ints
    """[Q, N] places in `answers`; the first is the query's own."""
    passage: Ints
    """[Q] the passage that each query is from: its document, or a part of `PASSAGE` sentences of a longer one."""

    @property
    def chance(self) -> float:
        """The mean reciprocal rank of a random order: (1 + 1/2 + ... + 1/N) / N."""
        n = self.candidates.shape[1]
        return float((1 / np.arange(1, n + 1)).sum() / n)


def neighbour_queries(corpus: Path, most: int) -> NeighbourQueries:
    """Up to `most` queries from the validation documents. They depend on the corpus alone.

    Wrong candidates are of other documents; if these have too few, the others are of the query's own. No sentence is
    in two queries, and no text occurs twice. InputError for an unusable corpus, or one with fewer than
    `FEWEST_QUERIES` queries.
    """
    text = held_out_text(Corpus.open(corpus), SENTENCES)
    first = _first_sentences(text)[:most]
    if len(first) < FEWEST_QUERIES:
        raise too_little_text(corpus, len(first), "pairs of neighbouring sentences", FEWEST_QUERIES)
    place = np.array(first)
    document = text.sentences.document[place]
    part = np.stack([document, text.sentences.place[place] // PASSAGE])
    answers = [text.texts[i + 1] for i in first]
    return NeighbourQueries(
        queries=[text.texts[i] for i in first],
        answers=answers,
        candidates=_candidates(document, text.draws("wrong candidates", answers)),
        passage=np.unique(part, axis=1, return_inverse=True)[1].ravel(),
    )


def _first_sentences(text: HeldOutText) -> list[int]:
    """The first sentences of pairs of neighbours of usual length with texts of their own, in a random order."""
    usual = [has_usual_length(pieces) for pieces in text.segments]
    pairs = [i for group in documents(text) for i in group if usual[i] and usual[i + 1]]
    draws = text.draws("neighbours")
    found: list[int] = []
    seen: set[str] = set()
    for i in sorted(pairs, key=lambda pair: int(draws[pair])):
        both = {text.texts[i], text.texts[i + 1]}
        if len(both) == 2 and seen.isdisjoint(both):
            seen |= both
            found.append(i)
    return found


def _candidates(document: Ints, draws: npt.NDArray[np.uint64]) -> Ints:
    """The candidates of each query [Q, N], from the document [Q] and a random number [Q] of each answer."""
    queries = len(document)
    order = np.argsort(draws, kind="stable")
    chosen = np.empty((queries, min(CANDIDATES, queries)), np.int64)
    for query in range(queries):
        turned = np.roll(order, -int(draws[query] % np.uint64(queries)))
        turned = turned[turned != query]
        own = document[turned] == document[query]
        others = np.concatenate([turned[~own], turned[own]])
        chosen[query] = [query, *others[: chosen.shape[1] - 1]]
    return chosen
