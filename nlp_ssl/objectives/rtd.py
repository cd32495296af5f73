"""Replaced token detection: classify every token as original or replaced by a generator.

Paper: Clark et al., ELECTRA, ICLR 2020, section 2. A small generator is trained on masked language modelling. Tokens
sampled from it replace the masked tokens, and the model (the discriminator) classifies every token. The loss is the
generator's loss plus `detection_weight` times the binary cross-entropy over all tokens.

With `embeddings = "disentangled"` the discriminator's token embeddings are those of the generator plus a difference (He
et al., DeBERTaV3, ICLR 2023, section 3.2). The generator's loss trains the former alone, the detection loss the latter
alone. With "shared" both losses train one table.

Differences from ELECTRA's code: Positions are drawn without replacement. All of them are [MASK] in the generator's
input (the code keeps 15 %). [CLS] and [SEP] are classified like other tokens. Samples use noise keyed by example and
position, so they do not depend on how a batch is divided.

In: a clean batch. Out: the unchanged batch, in which the head inserts sampled tokens; view "masked" for the generator;
target "generator", the masked tokens; target "detection", the original of every token.
Requirements: none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import require
from nlp_ssl.objectives.base import Objective
from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.sampling.batch import NO_LABEL, Batch, View
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import TokenTargets


@dataclass(frozen=True, kw_only=True)
class ReplacedTokenDetection(Objective):
    """Detect tokens replaced by a generator (ELECTRA)."""

    mlm_probability: float = 0.15
    """Share of tokens that the generator predicts and replaces."""
    detection_weight: float = 50.0
    """Weight of the detection loss; the generator's loss has weight 1."""
    generator_width: float = 0.25
    """Hidden size of the generator as a share of the model's."""
    embeddings: Literal["shared", "disentangled"] = "shared"
    """Whether both losses train one table of token embeddings (ELECTRA), or the detection loss trains only a difference
    from the generator's (DeBERTaV3)."""

    name: ClassVar = "rtd"
    example_type: ClassVar = "segment"
    body: ClassVar = "encoder"
    heads: ClassVar = {"generator": "replaced_token_detection", "detection": "replaced_token_detection"}
    saves_heads: ClassVar = False
    trains_tasks: ClassVar = ("odd_word",)
    paper: ClassVar = "Clark et al., ELECTRA, ICLR 2020, section 2"
    needs: ClassVar = "text"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 < self.mlm_probability < 1, "mlm_probability", self.mlm_probability, "it must lie between 0 and 1")
        require(self.detection_weight > 0, "detection_weight", self.detection_weight, "it must be above 0")
        require(0 < self.generator_width <= 1, "generator_width", self.generator_width, "it must be in (0, 1]")

    def loss_weights(self) -> Mapping[str, float]:
        """1 for the generator, `detection_weight` for the detection."""
        return {"generator": 1.0, "detection": self.detection_weight}

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Mask tokens for the generator and make every token a target of the discriminator."""
        masking = MaskedLM(mlm_probability=self.mlm_probability, mask_share=1.0, random_share=0.0)
        masked = masking.corrupt(replace(batch, targets={}), vocabulary, noise)
        found = masked.targets["masked_lm"]
        assert isinstance(found, TokenTargets)
        draws = noise.uniform("sample", batch.ids.shape[1])
        real = np.arange(batch.ids.shape[1]) < batch.length[:, None]
        originals = TokenTargets(labels=np.where(real, batch.ids, NO_LABEL), originals=True)
        view = View(ids=masked.ids, length=masked.length)
        return (
            replace(batch, views={**batch.views, "masked": view})
            .with_target("generator", TokenTargets(labels=found.labels, noise={"draws": draws}))
            .with_target("detection", originals)
        )
