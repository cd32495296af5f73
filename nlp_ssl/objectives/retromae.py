"""RetroMAE: a one-layer decoder predicts half of a text from the rest and the vector of a masked copy of the text.

Paper: Xiao et al., RetroMAE: Pre-Training Retrieval-Oriented Language Models Via Masked Auto-Encoder, EMNLP 2022,
sections 3.1 and 3.2. The encoder reads a text with few masks and predicts them. The decoder reads the encoder's output
at [CLS] and another copy of the text with many masks. It is weak, so the vector must hold the text.

Differences:

* The decoder is the paper's basic one, a layer with attention to both sides. The paper adds enhanced decoding (section
  3.3), in which each token has its own sample of visible tokens.
* All chosen tokens become [MASK].

In: a clean batch. Out: `ids` with the encoder's masks and target "masked_lm" [B, L]; view "decoder" with the decoder's
masks and target "decoder" [B, L].
Requirements: none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import require
from nlp_ssl.objectives._small_decoder import WithSmallDecoder
from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.sampling.batch import NO_LABEL, Batch, View
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import TokenTargets


@dataclass(frozen=True, kw_only=True)
class RetroMAE(WithSmallDecoder):
    """Predict masked tokens, and with a weak decoder more of them from the text's vector (RetroMAE)."""

    mlm_probability: float = 0.3
    """Share of the tokens masked for the encoder, which predicts them."""
    decoder_probability: float = 0.5
    """Share of the tokens masked for the decoder, which predicts them."""

    name: ClassVar = "retromae"
    example_type: ClassVar = "segment"
    body: ClassVar = "encoder"
    heads: ClassVar = {"masked_lm": "masked_lm", "decoder": "bottleneck_decoder"}
    masks_tokens: ClassVar = True
    gives_likelihood: ClassVar = True
    saves_heads: ClassVar = False
    paper: ClassVar = (
        "Xiao et al., RetroMAE: Pre-Training Retrieval-Oriented Language Models Via Masked Auto-Encoder, EMNLP 2022, "
        "section 3"
    )
    needs: ClassVar = "text"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("mlm_probability", "decoder_probability"):
            require(0 < getattr(self, name) < 1, name, getattr(self, name), "it must lie between 0 and 1")
        require(
            self.decoder_probability >= self.mlm_probability,
            "decoder_probability",
            self.decoder_probability,
            f"it must be at least mlm_probability ({self.mlm_probability}), as the decoder is to read less",
        )

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Mask one copy of the text for the encoder and another for the decoder."""
        masking = MaskedLM(mlm_probability=self.mlm_probability, mask_share=1.0, random_share=0.0)
        of_decoder = MaskedLM(mlm_probability=self.decoder_probability)
        chosen, _ = of_decoder.choose(batch.ids, vocabulary, noise, "decoder")
        ids = np.where(chosen, vocabulary.mask, batch.ids)
        targets = TokenTargets(labels=np.where(chosen, batch.ids, NO_LABEL))
        masked = masking.corrupt(batch, vocabulary, noise).with_target("decoder", targets)
        return replace(masked, views={**batch.views, "decoder": View(ids=ids, length=batch.length)})
