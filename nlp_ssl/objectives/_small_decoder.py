"""Shared by the objectives with a small decoder: its number of layers."""

from __future__ import annotations

from dataclasses import dataclass

from nlp_ssl.errors import require
from nlp_ssl.objectives.base import Objective


@dataclass(frozen=True, kw_only=True)
class WithSmallDecoder(Objective):
    """An objective whose targets a small decoder predicts. The decoder is not saved."""

    decoder_layers: int = 1
    """Layers of the decoder, or of each of two. Its hidden size is the model's."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(1 <= self.decoder_layers <= 100, "decoder_layers", self.decoder_layers, "it must lie in 1..100")
