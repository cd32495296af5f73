"""Instance discrimination: every document is a class of its own, and each view of it must find its document.

Papers: Wu et al., Unsupervised Feature Learning via Non-Parametric Instance Discrimination, CVPR 2018, section 3: a
memory bank has a vector for each document. The idea of a class for each example is from Dosovitskiy et al.,
Discriminative Unsupervised Feature Learning with Convolutional Neural Networks, NeurIPS 2014, section 2.

Differences: Views are runs of sentences. Each example has two, as in `contrastive`, and each of them predicts the
document. The loss is a softmax over the own vector and vectors of other documents, not NCE with an estimated constant,
and has no proximal term. A document with many examples is seen several times in an epoch.

In: a clean batch of pairs, `[CLS] A [SEP] B [SEP]`. Out: view "main" `[CLS] A [SEP]`, view "other" `[CLS] B [SEP]`;
target "instance_discrimination" for every example, whose group is the number of its document.
Requirements: several documents, with at least two sentences that fit into one example.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import InputError, require
from nlp_ssl.objectives._views import TwoViews

LARGEST_BANK = 2**31
"""Largest size of a bank in bytes. It is in the memory of every process and in every checkpoint."""


@dataclass(frozen=True, kw_only=True)
class InstanceDiscrimination(TwoViews):
    """Find the document of a text by its vector in a memory bank."""

    views: Literal["neighbours", "anywhere", "sentence"] = "neighbours"
    """The two views: adjacent runs of sentences, runs anywhere in the example, or a sentence and the next one."""
    negatives: int = 4096
    """Vectors of other documents to compare with, drawn from the bank for each batch; all if there are no more."""
    temperature: float = 0.07
    """Temperature of the softmax over cosine similarities."""
    projection: int = 128
    """Dimension of the vectors in the bank and of the projection, which is discarded after pretraining."""
    momentum: float = 0.5
    """Share that a document's vector keeps when the document is seen."""

    name: ClassVar = "instance_discrimination"
    heads: ClassVar = {"instance_discrimination": "memory_bank"}
    asks: ClassVar = "the document of this example, by its vector among those in the memory bank"
    paper: ClassVar = (
        "Wu et al., Unsupervised Feature Learning via Non-Parametric Instance Discrimination, CVPR 2018, section 3; "
        "Dosovitskiy et al., Discriminative Unsupervised Feature Learning, NeurIPS 2014, section 2"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.temperature > 0, "temperature", self.temperature, "it must be above 0")
        for name, most in (("projection", 8192), ("negatives", 1_000_000)):
            require(1 <= getattr(self, name) <= most, name, getattr(self, name), f"it must lie in 1..{most:,}")
        require(0 <= self.momentum < 1, "momentum", self.momentum, "it must be at least 0 and below 1")

    def check_vocabulary(self, vocabulary: Vocabulary) -> None:
        """InputError if the corpus has one document, or so many that the bank would be too large."""
        documents, size = vocabulary.documents, 4 * vocabulary.documents * self.projection
        if documents < 2:
            raise InputError(
                f"{self.name}: the corpus has {documents} document in train, nothing to tell it from: prepare the text "
                "again with another --document"
            )
        if size > LARGEST_BANK:
            raise InputError(
                f"{self.name}: vectors of {documents:,} documents take {size / 2**30:.1f} GiB, the limit is "
                f"{LARGEST_BANK / 2**30:.0f} GiB: lower --objective.{self.name}.projection"
            )
