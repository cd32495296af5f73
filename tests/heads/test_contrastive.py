import math
from types import SimpleNamespace

import pytest
import torch

from nlp_ssl.heads.contrastive import ContrastiveHead
from nlp_ssl.objectives.contrastive import Contrastive
from nlp_ssl.objectives.mixture import Mixture
from tests.worlds import vocabulary

LOSS = Mixture(objectives={"contrastive": Contrastive(temperature=0.5)}).losses["contrastive"]


def head() -> ContrastiveHead:
    torch.manual_seed(0)
    return ContrastiveHead(SimpleNamespace(hidden_size=8), None, None, LOSS, vocabulary())


def vectors(*angles: tuple[float, float]) -> torch.Tensor:
    """Unit vectors in the plane [N, 2, 2] at these angles, in degrees."""
    turns = torch.tensor(angles) * math.pi / 180
    return torch.stack([turns.cos(), turns.sin()], dim=-1)


def rows(group: list[int], valid: list[bool] | None = None) -> dict[str, torch.Tensor]:
    return {"group": torch.tensor(group), "valid": torch.tensor(valid or [True] * len(group))}


def test_nt_xent_by_hand() -> None:
    """Two rows whose views are equal, at a right angle to each other: cosine 1 to the other view, 0 to the rest."""
    found = head().batch_loss(LOSS, vectors((0, 0), (90, 90)), rows([0, 1]))
    each = -math.log(math.exp(1 / 0.5) / (math.exp(1 / 0.5) + 2 * math.exp(0)))
    assert found.sum.item() == pytest.approx(2 * each, rel=1e-6)


def test_rows_of_one_document_are_no_negatives() -> None:
    found = head().batch_loss(LOSS, vectors((0, 0), (90, 90)), rows([7, 7]))
    assert found.sum.item() == pytest.approx(0, abs=1e-6)


def test_padding_rows_do_not_matter() -> None:
    some = head().batch_loss(LOSS, vectors((0, 10), (90, 70)), rows([0, 1]))
    padded = head().batch_loss(LOSS, vectors((0, 10), (5, 5), (90, 70)), rows([0, 3, 1], [True, False, True]))
    assert padded.sum.item() == pytest.approx(some.sum.item(), rel=1e-6)


def test_the_report_on_collapse() -> None:
    with torch.no_grad():
        collapsed = head().batch_loss(LOSS, vectors((30, 30), (30, 30)), rows([0, 1])).metrics
        spread = head().batch_loss(LOSS, vectors((0, 0), (180, 180), (90, 90), (270, 270)), rows([0, 1, 2, 3])).metrics
    mean = {name: (total / count).item() for name, (total, count) in spread.items()}
    assert (collapsed["spread"][0] / collapsed["spread"][1]).item() == pytest.approx(0, abs=1e-6)
    assert mean["spread"] == pytest.approx(1)  # the standard deviation in each of two dimensions is 1 / sqrt(2)
    assert mean["accuracy"] == 1
    assert mean["accuracy_by_chance"] == pytest.approx(1 / 7)
    assert mean["alignment"] == pytest.approx(0, abs=1e-6)
