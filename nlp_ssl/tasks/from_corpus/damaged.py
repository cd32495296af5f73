"""Damaged sentences: pairs of a sentence and its damaged version, for models that give likelihoods.

The damage is that of the tasks on single sentences: swapped neighbours, exchanged halves, an odd word. Each is a
paradigm of minimal pairs. Both versions of a sentence, or of two that exchange a word, have the same words, so word
frequencies do not help. Unlike pairs from templates, pairs of natural sentences are independent.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from nlp_ssl import registry
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.tasks.from_corpus.base import CorpusTask, too_little_text, unseen
from nlp_ssl.tasks.from_corpus.text import held_out_text

PAIRS = 500
"""Maximum number of pairs of each paradigm."""
FEWEST_PAIRS = 50
"""A paradigm with fewer pairs is left out."""
LONGEST = 100
"""Maximum number of characters; a masked language model reads a sentence once for each token."""
SENTENCES = 12_000
"""Sentences that are read."""


def damaged_pairs(corpus: Path) -> list[tuple[str, str, str]]:
    """Pairs of held-out sentences: intact, damaged, and the paradigm, which is the name of a task.

    InputError for an unusable corpus, or one with too little held-out text.
    """
    text = held_out_text(Corpus.open(corpus), SENTENCES)
    pairs: list[tuple[str, str, str]] = []
    most = 0
    for name in registry.names("corpus_tasks"):
        task: CorpusTask = registry.find("corpus_tasks", name)()
        if len(task.columns) > 1:
            continue
        found = (
            (intact, damaged, name)
            for contrast in unseen(task.contrasts(text), set())
            for (intact,), (damaged,) in zip(*contrast.sides, strict=True)
            if len(intact) <= LONGEST and len(damaged) <= LONGEST
        )
        some = list(islice(found, PAIRS))
        pairs += some if len(some) >= FEWEST_PAIRS else []
        most = max(most, len(some))
    if not pairs:
        raise too_little_text(corpus, most, "damaged sentences of a kind", FEWEST_PAIRS)
    return pairs
