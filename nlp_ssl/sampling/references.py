"""Reference losses: what predictors that need no neural network reach on the same targets.

    uniform_loss   ln(vocabulary size): every token is equally likely
    unigram_loss   the token frequencies of train; for static vectors, the best scores that ignore the context
    trigram_loss   a trigram model of train, where the model reads the text before a target (nlp_ssl.corpus.ngrams)

[SEP] and the tokens that no text gives, such as sentinels, are no text. Together they have the probability that they
have among the targets; the tokens of text share the rest. Losses are in nats per target.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.ngrams import Ngrams
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.sampling.targets import Targets, WindowTargets

Floats = npt.NDArray[np.float64]

UNIFORM, UNIGRAM, TRIGRAM = "uniform_loss", "unigram_loss", "trigram_loss"

OF_BYTES = {UNIGRAM: "unigram_bits_per_byte", TRIGRAM: "trigram_bits_per_byte"}
"""References that are also given in bits per byte where the targets are the whole text."""

REFERENCES = (UNIFORM, UNIGRAM, TRIGRAM, *OF_BYTES.values())
"""Metrics that do not depend on the model."""

LEARNED = "learned"
"""Metric: 1 if the loss is below that of unigrams, or the accuracy above that of learning nothing, by more than noise;
else 0."""

SPREAD = "spread"
"""Metric: how far apart the vectors of different texts are, from 1 if uniform on the sphere to 0 if all are equal."""

COLLAPSED = 0.1
"""Spread below which vectors have collapsed: the mean cosine of two texts is then above 0.99."""

TEXT, ENDS, OF_UNIGRAMS, OF_TRIGRAMS, IN_CONTEXT, OF_SCORES = range(6)
"""Columns of the sums: text tokens, [SEP] tokens, nats of unigrams and of trigrams over text tokens, text tokens that
the trigram model was asked about, nats of the best scores that ignore the context."""

COLUMNS = 6


def reference_sums(targets: Targets, vocabulary: Vocabulary, ngrams: Ngrams) -> Floats:
    """The sums over the targets of a micro-batch, float64 [COLUMNS]. They may be added over micro-batches."""
    sums = np.zeros(COLUMNS)
    if isinstance(targets, WindowTargets) and targets.frequency_loss is not None:
        sums[OF_SCORES] = targets.count() * targets.frequency_loss
    found = targets.predicted(vocabulary.pad)
    if found is None:
        return sums
    tokens, before = found
    text = ~np.isin(tokens, (vocabulary.sep, *vocabulary.unused))
    sums[TEXT], sums[ENDS] = np.count_nonzero(text), np.count_nonzero(~text)
    sums[OF_UNIGRAMS] = ngrams.unigram_nats(tokens[text]).sum()
    if before is not None:
        sums[OF_TRIGRAMS] = ngrams.trigram_nats(tokens[text], before[text]).sum()
        sums[IN_CONTEXT] = sums[TEXT]
    return sums


def reference_nats(sums: Floats, vocabulary_size: int) -> dict[str, Floats]:
    """The nats of each reference [N] over all targets, from sums [N, COLUMNS] of N groups of targets."""
    if sums[:, OF_SCORES].any():
        return {UNIGRAM: sums[:, OF_SCORES]}
    text, ends = sums[:, TEXT], sums[:, ENDS]
    total = sums[:, [TEXT, ENDS]].sum()
    if not total:
        return {}
    of_ends = text * _nats(text.sum() / total) + ends * _nats(ends.sum() / total)
    nats = {UNIFORM: (text + ends) * math.log(vocabulary_size), UNIGRAM: sums[:, OF_UNIGRAMS] + of_ends}
    if sums[:, IN_CONTEXT].any():
        nats[TRIGRAM] = sums[:, OF_TRIGRAMS] + of_ends
    return nats


def _nats(share: float) -> float:
    """The cost of something with this probability; 0 where it never happens."""
    return -math.log(share) if share > 0 else 0.0
