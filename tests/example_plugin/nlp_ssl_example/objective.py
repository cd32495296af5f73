"""Momentum contrast: find the other view among those of earlier batches (He et al., MoCo, CVPR 2020, section 3)."""

from dataclasses import dataclass
from typing import ClassVar

from nlp_ssl.objectives.contrastive import Contrastive


@dataclass(frozen=True, kw_only=True)
class QueueContrast(Contrastive):
    """Find the neighbouring span among those of earlier batches (MoCo)."""

    queue: int = 64
    """Vectors of earlier batches that are negatives."""

    name: ClassVar = "queue_contrast"
    heads: ClassVar = {"contrastive": "queue_contrast"}
    paper: ClassVar = "He et al., MoCo, CVPR 2020, section 3"
