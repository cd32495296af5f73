"""Optimizers, and updates that are left out."""

from dataclasses import replace

import pytest
import torch
from accelerate import Accelerator

from nlp_ssl.recipe import Optimizer
from nlp_ssl.training.optimizer import clip_gradients, optimizer_of, skip_unless_finite


def network() -> torch.nn.Linear:
    torch.manual_seed(0)
    return torch.nn.Linear(3, 2)


def step(optimizer: torch.optim.Optimizer, model: torch.nn.Module, norm: float) -> None:
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, 0.1)
    skip_unless_finite(optimizer, torch.tensor(norm))
    optimizer.step()


def values(model: torch.nn.Module) -> list[float]:
    return [x for parameter in model.parameters() for x in parameter.detach().flatten().tolist()]


@pytest.mark.parametrize("method", ["adamw", "adagrad"])
@pytest.mark.parametrize("norm", [float("inf"), float("-inf"), float("nan")])
def test_an_update_that_is_not_finite_leaves_weights_and_averages_alone(method: str, norm: float) -> None:
    """The optimizer's state is unchanged too: the next update equals that of a run without it."""
    skipped, plain = network(), network()
    optimizers = [optimizer_of(model, replace(Optimizer(), method=method)) for model in (skipped, plain)]
    before = values(skipped)
    step(optimizers[0], skipped, norm)
    assert values(skipped) == before
    for optimizer, model in zip(optimizers, (skipped, plain), strict=True):
        step(optimizer, model, 1.0)
    assert values(skipped) == values(plain) != before


def test_biases_do_not_decay() -> None:
    optimizer = optimizer_of(network(), Optimizer(weight_decay=0.25, beta1=0.8, beta2=0.9, epsilon=1e-5))
    decays = {tuple(p.shape): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert decays == {(2, 3): 0.25, (2,): 0.0}
    assert all(group["betas"] == (0.8, 0.9) and group["eps"] == 1e-5 for group in optimizer.param_groups)


def test_frozen_weights_are_not_trained() -> None:
    for method in ("adamw", "adagrad"):
        model = network()
        model.bias.requires_grad_(False)
        optimizer = optimizer_of(model, replace(Optimizer(), method=method))
        assert sum(len(group["params"]) for group in optimizer.param_groups) == 1


@pytest.mark.parametrize("method", ["adamw", "adagrad"])
@pytest.mark.parametrize(("maximum", "clipped"), [(1.0, 0.2), (10.0, 1.0)])
def test_sparse_gradients_are_summed_by_row_and_clipped(maximum: float, clipped: float, method: str) -> None:
    """Adagrad reads only their rows; for AdamW, which moves all rows, they become dense."""
    model = torch.nn.Linear(2, 3)
    model.weight.grad = torch.sparse_coo_tensor([[2, 0, 2]], [[1.0, 0.0], [0.0, 0.0], [2.0, 4.0]], (3, 2))
    model.bias.grad = torch.zeros(3)
    optimizer = optimizer_of(model, replace(Optimizer(), method=method))
    assert clip_gradients(Accelerator(cpu=True), model, optimizer, maximum) == 5  # of 3 and 4
    assert model.weight.grad.is_sparse == (method == "adagrad")
    torch.testing.assert_close(model.weight.grad.to_dense()[2], torch.tensor([3.0, 4.0]) * clipped)
