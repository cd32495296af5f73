"""Gradients of a step, however its batch is divided."""

from types import SimpleNamespace

import pytest
import torch

from nlp_ssl.runtime import make_accelerator
from nlp_ssl.training.step import Step, gather_loss, keyed_generator
from tests.networks import batch, make


def step_of(model, weights: list[float], dropout: bool = False, seed: int = 1) -> Step:
    return Step(make_accelerator("fp32"), model, torch.tensor(weights), seed, dropout)


def gradients(model) -> list[torch.Tensor]:
    return [p.grad.clone() for p in model.parameters() if p.grad is not None]


def halves(inputs: dict) -> list[dict]:
    """The inputs of a batch of row targets as two micro-batches, of one row and of two."""
    parts = []
    for rows in (slice(0, 1), slice(1, 3)):
        views = {k: v[rows] for k, v in inputs["views"]["main"].items()}
        targets = {k: {n: t[rows] for n, t in of.items()} for k, of in inputs["targets"].items()}
        parts.append({"views": {"main": views}, "targets": targets})
    return parts


def test_the_gradient_is_that_of_the_weighted_mean() -> None:
    """Of the losses' sums over 4 and 3 targets, with the weights 2 and 5."""
    model, inputs = make("mlm+nsp"), batch("mlm+nsp")
    found = model(inputs, torch.Generator())
    (2 * found["mlm"].sum / 4 + 5 * found["nsp"].sum / 3).backward()
    expected = gradients(model)
    model.zero_grad()
    sums = step_of(model, [2.0, 5.0]).backward(0, [inputs], torch.tensor([4, 3]))
    assert sums.tolist() == pytest.approx([found["mlm"].sum.item(), found["nsp"].sum.item()], rel=1e-5)
    for one, other in zip(gradients(model), expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_micro_batches_of_unequal_size_give_the_gradient_of_the_whole() -> None:
    model, inputs = make("nsp"), batch("nsp")
    whole = step_of(model, [1.0]).backward(0, [inputs], torch.tensor([3]))
    expected = gradients(model)
    model.zero_grad()
    parts = step_of(model, [1.0]).backward(0, halves(inputs), torch.tensor([3]))
    assert parts.item() == pytest.approx(whole.item(), rel=1e-5)
    for one, other in zip(gradients(model), expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("labels", [[-100, 1, 1], [-100, -100, -100]], ids=["in a micro-batch", "in the step"])
def test_a_loss_without_targets_adds_nothing(labels) -> None:
    """Next sentences have none in the first of two micro-batches, or in the whole step; masked tokens have two each."""
    model, inputs = make("mlm+nsp"), batch("mlm+nsp")
    inputs["targets"]["nsp"]["labels"] = torch.tensor(labels)
    parts = halves({"views": inputs["views"], "targets": {"nsp": inputs["targets"]["nsp"]}})
    parts[0]["targets"]["mlm"] = {"labels": torch.tensor([7, 8]), "positions": torch.tensor([1, 5])}
    parts[1]["targets"]["mlm"] = {"labels": torch.tensor([9, 10]), "positions": torch.tensor([1, 24])}
    found, real = model(inputs, torch.Generator()), sum(label >= 0 for label in labels)
    (found["mlm"].sum / 4 + found["nsp"].sum / max(real, 1)).backward()
    expected = gradients(model)
    model.zero_grad()
    sums = step_of(model, [1.0, 1.0]).backward(0, parts, torch.tensor([4, max(real, 1)]))
    assert sums.tolist() == pytest.approx([found["mlm"].sum.item(), found["nsp"].sum.item()], rel=1e-5)
    assert (sums[1] > 0) == (real > 0)
    for one, other in zip(gradients(model), expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def contrastive_inputs() -> dict:
    torch.manual_seed(2)
    views = {name: {"input_ids": torch.randint(5, 50, (3, 8))} for name in ("main", "other")}
    targets = {"valid": torch.tensor([True, True, True]), "group": torch.tensor([0, 1, 2])}
    return {"views": views, "targets": {"contrastive": targets}}


def test_a_loss_over_the_whole_batch_is_the_same_in_micro_batches() -> None:
    model, inputs = make("contrastive"), contrastive_inputs()
    whole = step_of(model, [2.0]).backward(0, [inputs], torch.tensor([3]))
    expected = gradients(model)
    model.zero_grad()
    parts = []
    for rows in (slice(0, 2), slice(2, 3)):
        views = {name: {"input_ids": view["input_ids"][rows]} for name, view in inputs["views"].items()}
        targets = {name: tensor[rows] for name, tensor in inputs["targets"]["contrastive"].items()}
        parts.append({"views": views, "targets": {"contrastive": targets}})
    found = step_of(model, [2.0]).backward(0, parts, torch.tensor([3]))
    assert found.item() == pytest.approx(whole.item(), rel=1e-5) and whole.item() > 0
    for one, other in zip(gradients(model), expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_parameters_of_a_loss_over_the_whole_batch_get_gradients() -> None:
    """A head whose loss is the sum of scale x vectors: by each vector 3, by the scale their sum."""
    scale = torch.nn.Parameter(torch.tensor(3.0))

    class Scaled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = scale

        def batch_loss(self, loss, vectors, targets):
            valid = targets["valid"][:, None, None]
            return SimpleNamespace(sum=(self.scale * vectors * valid).sum())

    model = SimpleNamespace(head=lambda name: head, losses={"one": None})
    head = Scaled()
    vectors = [torch.ones(2, 1, 2), torch.full((1, 1, 2), 5.0)]
    group = [{"targets": {"one": {"valid": torch.ones(n, dtype=torch.bool)}}} for n in (2, 1)]
    found = gather_loss(model, "one", vectors, group, make_accelerator("fp32"))
    assert found.sum.sum.item() == 3 * (4 + 10)
    assert [g.tolist() for g in found.gradients] == [[[[3.0, 3.0]], [[3.0, 3.0]]], [[[3.0, 3.0]]]]
    assert [g.item() for g in found.of_parameters] == [14.0]


def test_a_whole_batch_is_in_the_order_of_the_undivided_one() -> None:
    """Rows 0, 2, 4 are in the first micro-batch, rows 1 and 3 in the second. The missing row is padding."""
    seen = {}

    class Seen(torch.nn.Module):
        def batch_loss(self, loss, vectors, targets):
            seen.update(vectors=vectors.flatten().tolist(), valid=targets["valid"].tolist())
            return SimpleNamespace(sum=(vectors.flatten() * torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 0.0])).sum())

    model = SimpleNamespace(head=lambda name: Seen(), losses={"one": None})
    vectors = [torch.tensor([10.0, 12.0, 14.0]).view(3, 1, 1), torch.tensor([11.0, 13.0]).view(2, 1, 1)]
    group = [{"targets": {"one": {"valid": torch.ones(n, dtype=torch.bool)}}} for n in (3, 2)]
    found = gather_loss(model, "one", vectors, group, make_accelerator("fp32"))
    assert seen == {"vectors": [10, 11, 12, 13, 14, 0], "valid": [True] * 5 + [False]}
    assert [g.flatten().tolist() for g in found.gradients] == [[1, 3, 5], [2, 4]]


def test_generators_depend_on_their_key_alone() -> None:
    def draw(*key: int | str) -> float:
        return torch.rand(1, generator=keyed_generator(torch.device("cpu"), *key)).item()

    assert draw(1, 5, 0, 0) == draw(1, 5, 0, 0)
    assert len({draw(1, 5, 0, 0), draw(2, 5, 0, 0), draw(1, 6, 0, 0), draw(1, 5, 1, 0), draw(1, 5, 0, 1)}) == 5


def test_dropout_depends_on_seed_and_step_alone() -> None:
    inputs = batch("nsp")

    def loss(step: int, seed: int = 1, dropout: bool = True) -> float:
        model = make("nsp", dropout=0.2).train()
        torch.manual_seed(torch.randint(1000, ()).item())
        return step_of(model, [1.0], dropout, seed).backward(step, [inputs], torch.tensor([3])).item()

    assert loss(4) == loss(4)
    assert len({loss(4), loss(5), loss(4, seed=2)}) == 3
