import numpy as np
import pytest

pytest.importorskip("numba")

from nlp_ssl.models.compiled import adagrad, loss_and_gradients

IDS, WINDOWS = np.array([[1, 2, 3]]), np.array([[[0, 1, 0]], [[1, 0, 0]]])  # 1 has 2 around it, 2 has 1
NEGATIVES = np.array([[3, 1]])


def test_only_rows_in_use_have_gradients() -> None:
    vectors, contexts = np.ones((5, 2), np.float32), np.zeros((5, 2), np.float32)
    loss, rows, of_vectors, context_rows, of_contexts = loss_and_gradients(
        IDS, WINDOWS, NEGATIVES, vectors, contexts, 1, True
    )
    assert loss == pytest.approx(4 * np.log(2))  # two pairs, each with a negative: 3 for 1, 1 for 2
    assert (rows.tolist(), of_vectors.tolist()) == ([1, 2], [[0, 0], [0, 0]])
    assert (context_rows.tolist(), of_contexts.tolist()) == ([1, 2, 3], [[0, 0], [-0.5, -0.5], [0.5, 0.5]])


@pytest.mark.parametrize("counts_pairs", [False, True])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stays_so(value, counts_pairs) -> None:
    vectors = np.full((5, 2), value, np.float32)
    contexts = np.full((5, 2), 0.5, np.float32)
    assert not np.isfinite(loss_and_gradients(IDS, WINDOWS, NEGATIVES, vectors, contexts, 1, counts_pairs)[0])


def test_adagrad_updates_the_rows() -> None:
    table, squares = np.zeros((3, 2), np.float32), np.full((3, 2), 9, np.float32)
    adagrad(table, squares, np.array([1]), np.array([[4, 0]], np.float32), 0.5, 3.0)
    assert squares.tolist() == [[9, 9], [25, 9], [9, 9]]
    assert table.tolist() == [[0, 0], [-0.25, 0], [0, 0]]
