"""Token detection without a generator: tell which tokens were replaced by random ones or moved to another place.

Papers: Yamaguchi et al., Frustratingly Simple Pretraining Alternatives to Masked Language Modeling, EMNLP 2021
(shuffled, random, and both); Panda et al., Shuffled-token Detection for Refining Pre-trained RoBERTa, NAACL SRW 2021.

Differences from the code of Yamaguchi et al.:

* Random tokens are drawn in proportion to their counts in the corpus. A uniform draw is mostly of rare tokens, and
  rarity alone would reveal the label.
* Moved tokens take each other's places within their own text (the code permutes across the batch, and leaves the
  original tokens in their places as well, so that duplicates reveal the label).
* A token that is equal to the original at its place counts as original.

`nlp-ssl show token_detection` prints what frequency and duplicates alone reveal. Unknown tokens are neither changed nor
targets, since no draw gives them.

In: a clean batch. Out: corrupted `ids`; target "masked_lm" [B, L], the class of each token of the text.
Requirements: none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import require
from nlp_ssl.objectives.base import Objective
from nlp_ssl.sampling.batch import NO_LABEL, Batch, Ints
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import TokenTargets

CLASSES = {
    "random": ("original", "replaced"),
    "shuffled": ("original", "moved"),
    "both": ("original", "moved", "replaced"),
}


@dataclass(frozen=True, kw_only=True)
class TokenDetection(Objective):
    """Detect random or shuffled tokens, without a generator (Yamaguchi et al.)."""

    corruption: Literal["random", "shuffled", "both"] = "random"
    """Replace tokens by random ones, shuffle tokens within their text, or both, as a class each."""
    share: float = 0.15
    """Share of the tokens to corrupt; with `both`, two thirds of it for each kind."""

    name: ClassVar = "token_detection"
    example_type: ClassVar = "segment"
    body: ClassVar = "encoder"
    # The target has the name of masked tokens: two objectives cannot change the tokens of one text.
    heads: ClassVar = {"masked_lm": "token_classification"}
    masks_tokens: ClassVar = True
    trains_tasks: ClassVar = ("bigram_shift", "odd_word")
    paper: ClassVar = (
        "Yamaguchi et al., Frustratingly Simple Pretraining Alternatives to Masked Language Modeling, EMNLP 2021; "
        "Panda et al., Shuffled-token Detection for Refining Pre-trained RoBERTa, NAACL SRW 2021"
    )
    needs: ClassVar = "text"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 < self.share < 0.75, "share", self.share, "it must be above 0 and below 0.75")

    def classes(self, vocabulary: Vocabulary) -> tuple[str, ...]:
        """What can have happened to a token."""
        return CLASSES[self.corruption]

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Move and replace tokens, and label those that are others than before."""
        width = batch.ids.shape[1]
        text = ~vocabulary.special[batch.ids] & (batch.ids != vocabulary.unk)
        draw = np.where(text, noise.uniform("choose", width), 2)  # [B, L]
        ids, end = batch.ids.copy(), np.float32(0)
        labels = np.where(text, 0, NO_LABEL)
        share = self.share * (2 / 3 if self.corruption == "both" else 1)
        for label, kind in enumerate(self.classes(vocabulary)[1:], 1):
            chosen = (draw >= end) & (draw < end + share)
            if kind == "moved":
                _move(ids, chosen, noise)
            else:
                ids[chosen] = vocabulary.draw(noise.bits("word", width)[chosen])
            labels[chosen & (ids != batch.ids)] = label
            end += np.float32(share)
        return replace(batch, ids=ids).with_target("masked_lm", TokenTargets(labels=labels, classes=True))


def _move(ids: Ints, chosen: npt.NDArray[np.bool_], noise: Noise) -> None:
    """Move the chosen tokens of each row along a random cycle: each to the place of another. Writes to `ids` [B, L]."""
    row, column = np.nonzero(chosen)  # [T]
    order = np.lexsort((noise.uniform_at("order", row, column), row))
    row, column = row[order], column[order]
    count = np.bincount(row, minlength=len(ids))
    first = (np.cumsum(count) - count)[row]
    before = np.arange(len(row)) - 1
    before = np.where(before < first, first + count[row] - 1, before)  # the first of a row comes after its last
    ids[row, column] = ids[row[before], column[before]]
