"""Masked autoencoder: the body reads only the tokens that are not masked; a small decoder predicts the masked ones.

Papers: He et al., Masked Autoencoders Are Scalable Vision Learners, CVPR 2022, section 3; on text: Meng et al.,
Representation Deficiency in Masked Language Modeling, ICLR 2024, section 4. The remaining tokens are packed, with their
original positions, so the cost of the body falls with the masking rate. The body never sees [MASK], which no later text
has.

Differences:

* The masking rate is 0.5 (Meng et al. have 0.15, He et al. 0.75 on images).
* The decoder is as wide as the body (He et al. have a narrower one), and has one layer.
* An equal share of every text is masked, so that packed texts of equal length stay equally long.
* Local attention, as in ModernBERT, counts distances between the remaining tokens.

In: a clean batch. Out: `ids` with [MASK] at the gaps, for the decoder; view "visible" [B, V], the remaining tokens and
their positions, for the body; target "masked_lm" [B, L], the original tokens at the gaps.
Requirements: none. The architecture must accept position ids.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import require
from nlp_ssl.objectives._denoising import cut_width
from nlp_ssl.objectives._small_decoder import WithSmallDecoder
from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.sampling.batch import NO_LABEL, Batch, View
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import TokenTargets


@dataclass(frozen=True, kw_only=True)
class MaskedAutoencoder(WithSmallDecoder):
    """Predict masked tokens with a small decoder; the model reads only the others (masked autoencoder)."""

    mlm_probability: float = 0.5
    """Share of the tokens to mask. The cost of the model falls with it."""

    name: ClassVar = "mae"
    example_type: ClassVar = "segment"
    body: ClassVar = "encoder"
    # The target has the name of other masked tokens: two objectives cannot mask one text.
    heads: ClassVar = {"masked_lm": "gap_decoder"}
    masks_tokens: ClassVar = True
    saves_heads: ClassVar = False
    paper: ClassVar = (
        "He et al., Masked Autoencoders Are Scalable Vision Learners, CVPR 2022, section 3; Meng et al., "
        "Representation Deficiency in Masked Language Modeling, ICLR 2024, section 4"
    )
    needs: ClassVar = "text"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 < self.mlm_probability < 1, "mlm_probability", self.mlm_probability, "it must lie between 0 and 1")

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Mask tokens, and pack the others into a view."""
        masking = MaskedLM(mlm_probability=self.mlm_probability, count="fixed", mask_share=1.0, random_share=0.0)
        masked = masking.corrupt(batch, vocabulary, noise)
        found = masked.targets["masked_lm"]
        assert isinstance(found, TokenTargets)
        width = batch.ids.shape[1]
        seen = (found.labels == NO_LABEL) & (np.arange(width) < batch.length[:, None])
        length = np.count_nonzero(seen, axis=1)
        positions = np.argsort(~seen, axis=1, kind="stable")[:, : cut_width(length)]  # [B, V]
        ids = np.take_along_axis(batch.ids, positions, 1)
        beyond = np.arange(positions.shape[1]) >= length[:, None]
        ids[beyond], positions[beyond] = vocabulary.pad, 0
        return replace(masked, views={**batch.views, "visible": View(ids=ids, length=length, positions=positions)})
