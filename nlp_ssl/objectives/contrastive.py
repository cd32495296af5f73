"""Learning from two views of a text: both get similar vectors, different from those of other documents.

Papers: Chen et al., SimCLR, ICML 2020, section 2 (loss); Giorgi et al., DeCLUTR, ACL 2021, section 3 (spans of one
document as views, combined with masked language modelling). The heads `nt_xent`, `queue`, `byol`, `simsiam`,
`barlow_twins` and `vicreg` name the papers of the other losses.

Views are whole sentences, and do not overlap (DeCLUTR's spans may). The example is split at a uniformly drawn sentence
boundary. With `views = "neighbours"` both parts are the views, and with "anywhere" a run of sentences in each, of
uniform length and place. With "sentence" the example has two sentences (Logeswaran and Lee, Quick-Thoughts, ICLR 2018,
section 3). With "columns" each document is a row of a table, and its two columns are the views; a second one that is
too long is truncated (Radford et al., CLIP, ICML 2021, section 2.3, here with one encoder for both). Views that differ
only in dropout, as in SimCSE, do not work from scratch. Examples of the same document are not negatives of each other.

In: a clean batch of pairs, `[CLS] A [SEP] B [SEP]`. Out: view "main" `[CLS] A [SEP]`, view "other" `[CLS] B [SEP]`;
target "contrastive" for every example, grouped by document.
Requirements: documents with at least two sentences that fit into one example, and several of them in a batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from nlp_ssl.errors import require
from nlp_ssl.objectives._views import TwoViews

LOSS_PAPERS = {
    "nt_xent": "Chen et al., SimCLR, ICML 2020, section 2",
    "queue": "He et al., MoCo, CVPR 2020, section 3",
    "byol": "Grill et al., BYOL, NeurIPS 2020, section 3",
    "simsiam": "Chen and He, SimSiam, CVPR 2021, section 3",
    "barlow_twins": "Zbontar et al., Barlow Twins, ICML 2021, section 2.1",
    "vicreg": "Bardes et al., VICReg, ICLR 2022, section 4.1",
}
QUESTIONS = {
    "nt_xent": "the other view of this example, among all views of the batch",
    "queue": "the other view of this example, among views of the latest batches",
    "byol": "the averaged network's vector of the other view; other examples play no part",
    "simsiam": "the vector of the other view; other examples play no part",
    "barlow_twins": "the same value as in the other view for each dimension, uncorrelated with other dimensions",
    "vicreg": "a vector near that of the other view; over the batch, dimensions vary and are uncorrelated",
}
SPANS = "Giorgi et al., DeCLUTR, ACL 2021, section 3"
VIEW_PAPERS = {
    "neighbours": SPANS,
    "anywhere": SPANS,
    "sentence": "Logeswaran and Lee, Quick-Thoughts, ICLR 2018, section 3",
    "columns": "Radford et al., CLIP, ICML 2021, section 2.3",
}


@dataclass(frozen=True, kw_only=True)
class Contrastive(TwoViews):
    """Give two spans of a document similar vectors (SimCLR, MoCo, BYOL, SimSiam, Barlow Twins, VICReg on text)."""

    loss: Literal["nt_xent", "queue", "byol", "simsiam", "barlow_twins", "vicreg"] = "nt_xent"
    """How vectors are compared: with the batch (nt_xent, SimCLR), with earlier batches (queue, MoCo), or without
    negatives."""
    temperature: float = 0.05
    """Temperature of the softmax over cosine similarities, for nt_xent and queue."""
    projection: int = 128
    """Output dimension of the projection MLP, which is discarded after pretraining."""
    queue: int = 4096
    """Vectors of earlier batches to compare with, for queue."""
    momentum: float = 0.99
    """Decay of the averaged weights per step, for queue and byol."""
    redundancy: float = 0.005
    """Weight of correlations between dimensions, for barlow_twins."""
    invariance: float = 25.0
    """Weight of the distance between views, for vicreg."""
    variance: float = 25.0
    """Weight of missing variance, for vicreg."""
    covariance: float = 1.0
    """Weight of covariances between dimensions, for vicreg."""

    name: ClassVar = "contrastive"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.temperature > 0, "temperature", self.temperature, "it must be above 0")
        for name, most in (("projection", 8192), ("queue", 1_000_000)):
            require(1 <= getattr(self, name) <= most, name, getattr(self, name), f"it must lie in 1..{most:,}")
        require(0 <= self.momentum < 1, "momentum", self.momentum, "it must be at least 0 and below 1")
        for name in ("redundancy", "variance", "covariance"):
            require(getattr(self, name) >= 0, name, getattr(self, name), "it must be at least 0")
        require(self.invariance > 0, "invariance", self.invariance, "it must be above 0, or nothing is learned")

    @property
    def heads(self) -> Mapping[str, str]:  # type: ignore[override]
        """Each loss has a head of its name."""
        return {"contrastive": self.loss}

    @property
    def paper(self) -> str:  # type: ignore[override]
        """The papers of the loss and of the views."""
        return f"{LOSS_PAPERS[self.loss]}; {VIEW_PAPERS[self.views]}"

    @property
    def asks(self) -> str:  # type: ignore[override]
        """What the loss asks of a view."""
        return QUESTIONS[self.loss]
