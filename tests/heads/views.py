"""Heads that compare two views, and targets for them."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import torch

from nlp_ssl import registry
from nlp_ssl.heads.base import Head
from nlp_ssl.objectives.contrastive import Contrastive
from nlp_ssl.objectives.mixture import Loss, Mixture
from tests.worlds import vocabulary

WIDTH = 8
VECTORS = {"byol": 4}
"""The vectors of each example that a head compares, if not 2."""


class Function(torch.nn.Module):
    """A function of rows in place of a projection."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor] = lambda rows: rows) -> None:
        super().__init__()
        self.function = function

    def forward(self, rows: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        return self.function(rows)


def loss_of(loss: str, **options: float) -> Loss:
    return Mixture(objectives={"contrastive": Contrastive(loss=loss, **options)}).losses["contrastive"]


def head_of(loss: Loss, documents: int = 60) -> Head:
    torch.manual_seed(0)
    words = replace(vocabulary(), documents=documents)
    return registry.find("heads", loss.head)(SimpleNamespace(hidden_size=WIDTH), None, None, loss, words)


def targets(group: list[int], valid: list[bool] | None = None) -> dict[str, torch.Tensor]:
    return {"group": torch.tensor(group), "valid": torch.tensor(valid or [True] * len(group))}
