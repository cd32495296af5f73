"""CBOW: tell a word from others by the mean of the words around it.

Paper: Mikolov et al., Efficient Estimation of Word Representations in Vector Space, ICLR Workshop 2013, section 3.1;
negative sampling, subsampling and the rest as in `nlp_ssl.objectives._windows`.

Departures from word2vec's code, which gensim follows. The context is a mean and its gradient is a mean's (there every
word of the context gets the whole of it, undivided). Windows and negatives of a batch are scored before any of its
updates. Negatives are shared by the words of a row, as matrix products want them, with weights: each word is told
from `negative` others on average, and never from itself. Sentences are not cut at 1,000 words, nor scores beyond 6 left
out.

In: a clean batch framed for static vectors. Out: `ids` and `sentence` [B, L] without the words that were thinned out;
`windows` as the batch has them; `labels["cbow"]` [B, L]: the word itself, wherever there are words around it.
Requirements: none; it is meant for whole words (`prepare --tokenizer wordlevel`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nlp_ssl.objectives._windows import Windows


@dataclass(frozen=True, kw_only=True)
class CBOW(Windows):
    """Tell a word from others by the words around it (word2vec)."""

    name: ClassVar = "cbow"
    counts_pairs: ClassVar = False
    paper: ClassVar = (
        "Mikolov et al., Efficient Estimation of Word Representations in Vector Space, ICLR Workshop 2013, section 3.1"
    )
