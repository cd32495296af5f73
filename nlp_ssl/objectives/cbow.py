"""CBOW: predict a word from the mean of its context words, with negative sampling.

Paper: Mikolov et al., Efficient Estimation of Word Representations in Vector Space, ICLR Workshop 2013, section 3.1.
Negative sampling and subsampling: `nlp_ssl.objectives._windows`.

Differences from word2vec's code, which gensim follows:

* The gradient of a context mean is divided among its words. word2vec gives each word the full gradient.
* All windows of a batch are scored before one update.
* The words of a sequence take their negative samples in turn from `shared` samples.
  A word is never its own negative sample.
* Sentences are not cut at 1,000 words, and scores are not clipped at 6.

In: a clean batch framed for static vectors. Out: `ids` and `sentence` [B, L] without subsampled words; the target
"windows", a `WindowTargets` whose labels are the words that have context words.
Requirements: none. Intended for whole words (`prepare --tokenizer wordlevel`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nlp_ssl.objectives._windows import Windows


@dataclass(frozen=True, kw_only=True)
class CBOW(Windows):
    """Predict a word from its context words (word2vec CBOW)."""

    name: ClassVar = "cbow"
    counts_pairs: ClassVar = False
    paper: ClassVar = (
        "Mikolov et al., Efficient Estimation of Word Representations in Vector Space, ICLR Workshop 2013, section 3.1"
    )
