"""Text infilling: reconstruct a text in which each of several spans was replaced by one mask.

Paper: Lewis et al., BART, ACL 2020, section 2.2 (text infilling). Span lengths are Poisson-distributed. A span of any
length is replaced by one [MASK]; a span of length 0 inserts one. `lengths = "one"` is the paper's token masking; with
`replace_with = "nothing"` it is token deletion (both with `whole_words = false`).

Algorithm: Of n words, ceil(ratio * n) are removed. Span lengths are drawn until they reach this sum, and the last one
is cut to meet it. All arrangements of spans and remaining words are equally likely. Adjacent spans keep their own
masks.

Differences from fairseq:

* Spans never overlap, so the number of removed words is exact. Fairseq's spans may overlap and run past the end.
* Sequences never become longer. The number of spans of length 0 is limited to the number of removed words minus the
  number of other spans, which drops some of them in short sequences.
* Word boundaries come from the tokenizer.

In: a clean batch, or one from another denoising objective. Out: `ids`, `sentence`, `token_type_ids` and `length` with
masks instead of spans, possibly with fewer columns; target "seq2seq_lm" [B, T], the original text.
Requirements: none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import require
from nlp_ssl.objectives._denoising import spans_replaced, with_original
from nlp_ssl.objectives.base import Objective
from nlp_ssl.sampling.batch import NO_LABEL, Batch
from nlp_ssl.sampling.noise import Noise

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class TextInfilling(Objective):
    """Fill in masked spans of unknown length (BART)."""

    ratio: float = 0.3
    """Share of words, or tokens, to remove."""
    lengths: Literal["poisson", "one"] = "poisson"
    """Span lengths: Poisson-distributed, including 0, or always 1."""
    mean_length: float = 3.0
    """Mean of the Poisson distribution, in words or tokens."""
    whole_words: bool = True
    """Remove spans of whole words instead of tokens."""
    replace_with: Literal["mask", "nothing"] = "mask"
    """Replace each span by one [MASK], or delete it (token deletion)."""

    name: ClassVar = "text_infilling"
    example_type: ClassVar = "segment"
    body: ClassVar = "seq2seq"
    before_masking: ClassVar = True
    heads: ClassVar = {"seq2seq_lm": "seq2seq_lm"}
    shares_targets: ClassVar = True
    paper: ClassVar = "Lewis et al., BART, ACL 2020, section 2.2"
    needs: ClassVar = "text"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 < self.ratio < 1, "ratio", self.ratio, "it must lie between 0 and 1")
        require(0.5 <= self.mean_length <= 20, "mean_length", self.mean_length, "it must lie in 0.5..20")

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Replace spans by masks and set the original text as target."""
        rows = len(batch.ids)
        end = batch.length - 1  # [B]: position of the last [SEP], which counts as a word here
        starts = batch.sentence >= 0
        if self.whole_words:
            first = ~starts[:, :-1]  # a word begins after a special token, even "##ing"
            starts[:, 1:] &= first | vocabulary.word_starts[batch.ids[:, 1:]]
        starts[np.arange(rows), end] = True
        row, column = np.nonzero(starts)  # [words]
        words = np.bincount(row, minlength=rows)
        before = np.cumsum(words) - words  # [B]: words in preceding sequences
        begin, length = self._spans(words - 1, noise)  # [B, S] each, in words; unused spans lie at [SEP]
        left = column[before[:, None] + begin]
        right = column[before[:, None] + begin + np.maximum(length, 0)]
        masked = (length >= 0) & (self.replace_with == "mask")
        inserted = np.where(masked, vocabulary.mask, NO_LABEL)
        return spans_replaced(with_original(batch), left, right, inserted, vocabulary)

    def _spans(self, words: Ints, noise: Noise) -> tuple[Ints, Ints]:
        """Draw the spans of sequences of `words` [B] words, from left to right: first word and length, both [B, S].

        Unused entries begin at `words` and have length -1.
        """
        budget = np.ceil(self.ratio * words - 1e-9).astype(np.int64)[:, None]  # [B, 1]
        if self.lengths == "one":
            length = np.ones((len(words), max(1, int(budget.max(initial=0)))), np.int64)
        else:
            # Enough draws to reach the budget even six standard deviations below the mean.
            most = np.ceil((3 + np.sqrt(9 + budget)) ** 2 / self.mean_length).astype(np.int64)
            length = np.searchsorted(self._up_to, noise.uniform("length", int(most.max(initial=1))), side="right")
            np.put_along_axis(length, most - 1, budget, 1)
        nth = np.arange(length.shape[1])
        rest = budget + length - np.cumsum(length, axis=1)  # words to remove with this span and later ones
        length = np.minimum(length, rest)
        spare = budget - np.count_nonzero((length > 0) & (rest > 0), axis=1)[:, None]
        own = (rest > 0) & ((length > 0) | (np.cumsum(length == 0, axis=1) <= spare))
        spans = np.count_nonzero(own, axis=1)[:, None]  # [B, 1]
        length = np.take_along_axis(length, np.argsort(~own, axis=1, kind="stable"), 1)

        # Draw the positions of the spans in the sequence of spans and kept words.
        places = words[:, None] - budget + spans
        draw = noise.bits("place", max(int(places.max(initial=0)), len(nth)))
        draw[np.arange(draw.shape[1]) >= places] = np.iinfo(np.uint64).max
        place = np.argsort(draw, axis=1)[:, : len(nth)]
        place[nth >= spans] = draw.shape[1]
        order = np.argsort(place, axis=1)
        place, length = np.take_along_axis(place, order, 1), np.take_along_axis(length, order, 1)
        begin = place - nth + np.cumsum(length, axis=1) - length
        return np.where(nth < spans, begin, words[:, None]), np.where(nth < spans, length, -1)

    @cached_property
    def _up_to(self) -> npt.NDArray[np.float64]:
        """Element k is the probability that a span is at most k long, up to the resolution of a 24-bit draw."""
        length = np.arange(1, 100)
        chance = np.exp(-self.mean_length) * np.cumprod(np.concatenate([[1.0], self.mean_length / length]))
        up_to = np.cumsum(chance)
        return up_to[up_to < 1 - 2.0**-24]
