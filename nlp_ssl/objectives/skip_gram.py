"""Skip-gram: tell the words around a word from others, by that word.

Paper: Mikolov et al., Distributed Representations of Words and Phrases and their Compositionality, NeurIPS 2013,
section 2; subsampling, windows and negatives as in `nlp_ssl.objectives._windows`.

Every pair of a word and one in its window is a target. As in word2vec's code the vector of the word in the window is
the input and the word at the centre is told from others; over a whole text it is the same set of pairs as in the paper
up to the windows' sizes (fastText feeds the centre).

Departures from word2vec's code, which gensim follows. Windows and negatives of a batch are scored before any of its
updates. Negatives are shared by the words of a row, as matrix products want them, with weights: in each pair a word
is told from `negative` others on average, and never from itself. Sentences are not cut at 1,000 words, nor scores
beyond 6 left out.

In: a clean batch framed for static vectors. Out: `ids` and `sentence` [B, L] without the words that were thinned out;
`windows` as the batch has them; `labels["skip_gram"]` [B, L]: the word itself, wherever there are words around it.
A target is a pair, so there are as many as the windows' sizes add up to.
Requirements: none; it is meant for whole words (`prepare --tokenizer wordlevel`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nlp_ssl.objectives._windows import Windows


@dataclass(frozen=True, kw_only=True)
class SkipGram(Windows):
    """Tell the words around a word from others (word2vec)."""

    name: ClassVar = "skip_gram"
    counts_pairs: ClassVar = True
    paper: ClassVar = (
        "Mikolov et al., Distributed Representations of Words and Phrases and their Compositionality, NeurIPS 2013, "
        "section 2"
    )
