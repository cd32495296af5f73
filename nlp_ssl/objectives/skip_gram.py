"""Skip-gram with negative sampling: predict context words from a word.

Paper: Mikolov et al., Distributed Representations of Words and Phrases and their Compositionality, NeurIPS 2013,
section 2. Negative sampling and subsampling: `nlp_ssl.objectives._windows`.

Every pair of a word and a word in its window is a target. As in word2vec's code, the context word is the input and the
centre word is predicted; except for the random window sizes, the pairs are those of the paper (fastText inputs the
centre word).

Differences from word2vec's code, which gensim follows:

* All windows of a batch are scored before one update.
* The words of a sequence take their negative samples in turn from `shared` samples.
  A word is never its own negative sample.
* Sentences are not cut at 1,000 words, and scores are not clipped at 6.

In: a clean batch framed for static vectors. Out: `ids` and `sentence` [B, L] without subsampled words; the target
"windows", a `WindowTargets` whose number of targets is the sum of the window sizes.
Requirements: none. Intended for whole words (`prepare --tokenizer wordlevel`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nlp_ssl.objectives._windows import Windows


@dataclass(frozen=True, kw_only=True)
class SkipGram(Windows):
    """Predict context words from a word (word2vec skip-gram)."""

    name: ClassVar = "skip_gram"
    counts_pairs: ClassVar = True
    paper: ClassVar = (
        "Mikolov et al., Distributed Representations of Words and Phrases and their Compositionality, NeurIPS 2013, "
        "section 2"
    )
