"""Muon beside PyTorch's, and its state."""

from copy import deepcopy
from typing import Any

import pytest
import torch

from nlp_ssl.training.muon import Muon, orthogonalized
from nlp_ssl.training.optimizer import skip_unless_finite

SHAPES = [(4, 6), (6, 4), (5, 5)]


def parameters() -> list[torch.nn.Parameter]:
    generator = torch.Generator().manual_seed(1)
    return [torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in SHAPES]


def step(optimizer: Any, trained: list[torch.nn.Parameter], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for p in trained:
        p.grad = torch.randn(p.shape, generator=generator)
    skip_unless_finite(optimizer, torch.tensor(1.0))
    optimizer.step()


@pytest.mark.parametrize("shape", SHAPES)
def test_singular_values_become_about_one(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(2))
    found = orthogonalized(matrix)
    assert 0.6 < torch.linalg.svdvals(found).min() <= torch.linalg.svdvals(found).max() < 1.3
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    assert torch.allclose(found, u @ v, atol=0.3)
    assert orthogonalized(torch.zeros(shape)).abs().max() == 0


def test_steps_are_those_of_pytorch() -> None:
    ours, theirs = parameters(), parameters()
    wanted: dict[str, Any] = {"lr": 0.1, "weight_decay": 0.2}
    optimizer = Muon([{"params": ours, "muon": True}], torch.bfloat16, **wanted)
    reference = torch.optim.Muon(theirs, adjust_lr_fn="match_rms_adamw", **wanted)
    for seed in range(3):
        step(optimizer, ours, seed)
        step(reference, theirs, seed)
    for mine, other, first in zip(ours, theirs, parameters(), strict=True):
        assert torch.allclose(mine, other, atol=2e-3) and not torch.allclose(mine, first, atol=0.05)


def test_a_saved_state_continues_exactly() -> None:
    """Of matrices and of what AdamW trains."""
    trained, resumed = parameters(), parameters()

    def optimizer_of(some: list[torch.nn.Parameter]) -> Muon:
        return Muon([{"params": some[:2], "muon": True}, {"params": some[2:]}], torch.float32, lr=0.1)

    optimizer = optimizer_of(trained)
    step(optimizer, trained, 1)
    for old, new in zip(trained, resumed, strict=True):
        new.data.copy_(old.data)
    other = optimizer_of(resumed)
    other.load_state_dict(deepcopy(optimizer.state_dict()))
    step(optimizer, trained, 2)
    step(other, resumed, 2)
    assert all(torch.equal(old, new) for old, new in zip(trained, resumed, strict=True))
