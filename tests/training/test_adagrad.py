import pytest
import torch

from nlp_ssl.training.adagrad import Adagrad

pytest.importorskip("numba")


def trained(sparse: bool, infinite: bool = False) -> list[torch.Tensor]:
    """A table, and the optimizer's state, after two updates."""
    table = torch.nn.Parameter(torch.ones(3, 2))
    optimizer = Adagrad([table], 1e-3)
    for value in (0.25, 3.0):
        gradient = torch.tensor([[0.0, 0.0], [value, -value], [0.0, 1.0]])
        table.grad = gradient.to_sparse(1) if sparse else gradient
        optimizer.found_inf = torch.tensor(float(infinite))
        optimizer.param_groups[0]["lr"] = 0.5
        optimizer.step()
    return [table.detach(), optimizer.state[table]["sum"]]


def test_sparse_gradients_give_what_dense_ones_give() -> None:
    for one, other in zip(trained(sparse=True), trained(sparse=False), strict=True):
        torch.testing.assert_close(one, other)
        assert one[0].tolist() in ([1, 1], [0, 0])


@pytest.mark.parametrize("sparse", [False, True])
def test_updates_that_are_not_finite_are_skipped(sparse) -> None:
    table, squares = trained(sparse, infinite=True)
    assert (table.tolist(), squares.tolist()) == ([[1, 1]] * 3, [[0, 0]] * 3)
