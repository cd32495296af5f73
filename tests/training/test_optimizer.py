"""Optimizers, and updates that are left out."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from accelerate import Accelerator

from nlp_ssl.errors import InputError
from nlp_ssl.recipe import Optimizer
from nlp_ssl.training.optimizer import clip_gradients, optimizer_of, set_learning_rate, skip_unless_finite


def network() -> Any:
    torch.manual_seed(0)
    return torch.nn.ModuleDict({"body": torch.nn.Linear(3, 2)})


def step(optimizer: torch.optim.Optimizer, model: torch.nn.Module, norm: float) -> None:
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, 0.1)
    skip_unless_finite(optimizer, torch.tensor(norm))
    optimizer.step()


def values(model: torch.nn.Module) -> list[float]:
    return [x for parameter in model.parameters() for x in parameter.detach().flatten().tolist()]


@pytest.mark.parametrize("method", ["adamw", "muon", "adagrad"])
@pytest.mark.parametrize("norm", [float("inf"), float("-inf"), float("nan")])
def test_an_update_that_is_not_finite_leaves_weights_and_averages_alone(method: str, norm: float) -> None:
    """The optimizer's state is unchanged too: the next update equals that of a run without it."""
    skipped, plain = network(), network()
    optimizers = [optimizer_of(model, replace(Optimizer(), method=method), "fp32") for model in (skipped, plain)]
    before = values(skipped)
    step(optimizers[0], skipped, norm)
    assert values(skipped) == before
    for optimizer, model in zip(optimizers, (skipped, plain), strict=True):
        step(optimizer, model, 1.0)
    assert values(skipped) == values(plain) != before


def test_biases_do_not_decay() -> None:
    optimizer = optimizer_of(network(), Optimizer(weight_decay=0.25, beta1=0.8, beta2=0.9, epsilon=1e-5), "fp32")
    decays = {tuple(p.shape): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert decays == {(2, 3): 0.25, (2,): 0.0}
    assert all(group["betas"] == (0.8, 0.9) and group["eps"] == 1e-5 for group in optimizer.param_groups)


def test_frozen_weights_are_not_trained() -> None:
    for method in ("adamw", "muon", "adagrad"):
        model = network()
        model.body.bias.requires_grad_(False)
        optimizer = optimizer_of(model, replace(Optimizer(), method=method), "fp32")
        assert sum(len(group["params"]) for group in optimizer.param_groups) == 1


@pytest.mark.parametrize("method", ["adamw", "adagrad"])
@pytest.mark.parametrize(("maximum", "clipped"), [(1.0, 0.2), (10.0, 1.0)])
def test_sparse_gradients_are_summed_by_row_and_clipped(maximum: float, clipped: float, method: str) -> None:
    """Adagrad reads only their rows; for AdamW, which moves all rows, they become dense."""
    model = torch.nn.Linear(2, 3)
    model.weight.grad = torch.sparse_coo_tensor([[2, 0, 2]], [[1.0, 0.0], [0.0, 0.0], [2.0, 4.0]], (3, 2))
    model.bias.grad = torch.zeros(3)
    optimizer = optimizer_of(model, replace(Optimizer(), method=method), "fp32")
    assert clip_gradients(Accelerator(cpu=True), model, optimizer, maximum) == 5  # of 3 and 4
    assert model.weight.grad.is_sparse == (method == "adagrad")
    torch.testing.assert_close(model.weight.grad.to_dense()[2], torch.tensor([3.0, 4.0]) * clipped)


def test_embeddings_have_a_learning_rate_of_their_own() -> None:
    """AdamW's first step is as long as the learning rate."""
    torch.manual_seed(0)
    model = torch.nn.ModuleDict({"table": torch.nn.Embedding(4, 3), "layer": network()})
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    optimizer = optimizer_of(model, Optimizer(embedding_rate=3.0, weight_decay=0.0), "fp32")
    set_learning_rate(optimizer, 0.01)
    step(optimizer, model, 1.0)
    for name, weight in model.named_parameters():
        length = 0.03 if name == "table.weight" else 0.01
        assert torch.allclose(before[name] - weight, torch.full_like(weight, length), atol=1e-6)


def test_a_tied_output_layer_is_an_embedding() -> None:
    model = torch.nn.ModuleDict({"table": torch.nn.Embedding(4, 3), "output": torch.nn.Linear(3, 4)})
    model.output.weight = model.table.weight
    groups = optimizer_of(model, Optimizer(embedding_rate=3.0), "fp32").param_groups
    assert [(group["scale"], [tuple(p.shape) for p in group["params"]]) for group in groups] == [
        (3.0, [(4, 3)]),
        (1.0, [(4,)]),
    ]


def test_muon_trains_the_matrices_of_layers() -> None:
    """Neither an embedding nor a matrix that is tied to one, nor vectors, nor what is outside of the body."""
    body = torch.nn.ModuleDict({"table": torch.nn.Embedding(5, 3), "tied": torch.nn.Linear(3, 5, bias=False)})
    body.tied.weight = body.table.weight
    body.layer, body.norm = torch.nn.Linear(3, 4), torch.nn.LayerNorm(4)
    model = torch.nn.ModuleDict({"body": body, "head": torch.nn.Linear(4, 2)})
    wanted = Optimizer(method="muon", weight_decay=0.25, matrix_rate=6.0, embedding_rate=3.0)
    groups = optimizer_of(model, wanted, "fp32").param_groups
    assert [(group["scale"], group["weight_decay"], [tuple(p.shape) for p in group["params"]]) for group in groups] == [
        (6.0, 0.25, [(4, 3)]),
        (3.0, 0.25, [(5, 3)]),
        (1.0, 0.25, [(2, 4)]),
        (1.0, 0.0, [(4,), (4,), (4,), (2,)]),
    ]


def test_muon_needs_layers() -> None:
    with pytest.raises(InputError, match="the model has no layers"):
        optimizer_of(torch.nn.ModuleDict({"body": torch.nn.Embedding(5, 3)}), Optimizer(method="muon"), "fp32")
