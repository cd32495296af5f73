"""Text infilling: write a text of which spans were taken away, a mask standing for each of them.

Paper: Lewis et al., BART, ACL 2020, section 2.2 (text infilling): the lengths of the spans are Poisson-distributed, a
span is replaced by one [MASK] whatever its length, and spans of length 0 insert one. `lengths = "one"` is the
paper's token masking, with `replace_with = "nothing"` its token deletion (both with `whole_words = false`).

The rule. Of a row of n words, ceil(ratio * n) go. Lengths are drawn until they reach that sum; the last one is cut to
meet it. Then all sequences of the spans and of the words that stay are equally likely: a span begins where a word
begins, and spans may meet, each with its own mask.

Departures. Spans never overlap, so that exactly as many words go as were to (fairseq's may run into each other and
over the end). A row never becomes longer: of the spans of length 0 only as many are made as there are words that go
beyond the other spans, which leaves some out where a row has few words. A word is told by the tokenizer's own marks.

In: a clean batch, or one that another corruption of this kind went before. Out: `ids`, `sentence` and `segment` without
what is gone and with the masks, which are of the sentence that stood there; `length`; rows may be narrower;
`sequences["seq2seq_lm"]` [B, T] the text.
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
from nlp_ssl.objectives._denoising import moved, with_original
from nlp_ssl.objectives.base import Objective
from nlp_ssl.sampling.batch import NO_LABEL, Batch
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import TokenTargets

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class TextInfilling(Objective):
    """Fill in spans of a text, how long they are being unknown (BART)."""

    ratio: float = 0.3
    """Share of the words, or tokens, that are taken away."""
    lengths: Literal["poisson", "one"] = "poisson"
    """How long a span is: Poisson-distributed, 0 included; or 1."""
    mean_length: float = 3.0
    """The mean of the Poisson distribution, in words or tokens."""
    whole_words: bool = True
    """Spans are of whole words; otherwise of tokens."""
    replace_with: Literal["mask", "nothing"] = "mask"
    """What stands for a span: one [MASK]; or nothing, so that where it was is to be found too."""

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
        """Take spans away, put a mask for each, and have the text written as it was."""
        rows, width = batch.ids.shape
        end = batch.length - 1  # [B] where the last [SEP] is, which counts as one more word here
        starts = batch.sentence >= 0
        if self.whole_words:
            first = ~starts[:, :-1]  # what follows a special token begins a word, even "##ing"
            starts[:, 1:] &= first | vocabulary.word_starts[batch.ids[:, 1:]]
        starts[np.arange(rows), end] = True
        row, column = np.nonzero(starts)  # [words]
        words = np.bincount(row, minlength=rows)
        before = np.cumsum(words) - words  # [B] in the rows above
        begin, length = self._spans(words - 1, noise)  # [B, S] each, in words; those that are none lie at [SEP]
        at = np.arange(rows)[:, None] * width  # where each row begins in the flattened batch
        left = at + column[before[:, None] + begin]
        right = at + column[before[:, None] + begin + np.maximum(length, 0)]
        size = rows * width
        changes = np.bincount(left.ravel(), minlength=size) - np.bincount(right.ravel(), minlength=size)
        kept = (np.cumsum(changes) == 0).reshape(rows, width) & (np.arange(width) <= end[:, None])

        rank = np.cumsum(kept, axis=1)  # [B, L] tokens that stay, up to and with each
        real = length >= 0 if self.replace_with == "mask" else np.zeros(length.shape, np.bool_)
        masks = np.count_nonzero(real, axis=1)  # [B]
        inserted = np.bincount(left[real], minlength=size).reshape(rows, width)
        place = rank - 1 + np.cumsum(inserted, axis=1)  # [B, L] of the tokens that stay
        source = np.zeros((rows, width), np.int64)
        stays, where = np.nonzero(kept)
        source[stays, place[stays, where]] = where
        of, span = np.nonzero(real)  # [M] masks, in the order of the text
        hole = left[of, span]
        mask_place = (rank - kept).ravel()[hole] + span
        source[of, mask_place] = np.minimum(hole - of * width, np.maximum(end[of] - 1, 1))
        out = moved(with_original(batch), source, rank[:, -1] + masks, vocabulary)
        out.ids[of, mask_place] = vocabulary.mask
        for targets in out.targets.values():
            if isinstance(targets, TokenTargets):  # of masks that were there before
                targets.labels[of, mask_place] = NO_LABEL
        return out

    def _spans(self, words: Ints, noise: Noise) -> tuple[Ints, Ints]:
        """The spans of rows of `words` [B] words, from left to right: first word [B, S], length [B, S].

        Behind a row's own spans are others that begin at `words` and are -1 long.
        """
        budget = np.ceil(self.ratio * words - 1e-9).astype(np.int64)[:, None]  # [B, 1]
        if self.lengths == "one":
            length = np.ones((len(words), max(1, int(budget.max(initial=0)))), np.int64)
        else:
            # So many that their sum is the budget even if it is six standard deviations below its mean.
            most = np.ceil((3 + np.sqrt(9 + budget)) ** 2 / self.mean_length).astype(np.int64)
            length = np.searchsorted(self._up_to, noise.uniform("length", int(most.max(initial=1))), side="right")
            np.put_along_axis(length, most - 1, budget, 1)
        nth = np.arange(length.shape[1])
        rest = budget + length - np.cumsum(length, axis=1)  # to be taken away by a span and those after it
        length = np.minimum(length, rest)
        spare = budget - np.count_nonzero((length > 0) & (rest > 0), axis=1)[:, None]
        own = (rest > 0) & ((length > 0) | (np.cumsum(length == 0, axis=1) <= spare))
        spans = np.count_nonzero(own, axis=1)[:, None]  # [B, 1]
        length = np.take_along_axis(length, np.argsort(~own, axis=1, kind="stable"), 1)

        # Spans and the words that stay make a sequence: the places of the spans in it are drawn.
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
        """`[k]`: the chance that a span is at most k long, as far as a draw of 24 bits can tell it from 1."""
        length = np.arange(1, 100)
        chance = np.exp(-self.mean_length) * np.cumprod(np.concatenate([[1.0], self.mean_length / length]))
        up_to = np.cumsum(chance)
        return up_to[up_to < 1 - 2.0**-24]
