import math

import pytest
import torch

from nlp_ssl.heads.queue import update_average
from tests.heads.views import head_of, loss_of, targets

LOSS = loss_of("queue", queue=3, projection=2, temperature=0.5)
RIGHT, UP, LEFT = [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]


def filled(*documents: int):
    """A head with the keys right, up and left in its queue, of these documents."""
    head = head_of(LOSS)
    head.queue.copy_(torch.tensor([RIGHT, UP, LEFT]))
    head.document.copy_(torch.tensor(documents))
    return head


def test_the_loss_by_hand() -> None:
    """A query to the right with its key upwards: cosine 0 to the key; 1, 0 and -1 to the queue."""
    found = filled(5, 6, 7).batch_loss(LOSS, torch.tensor([[RIGHT, UP]]), targets([0]))
    assert found.sum.item() == pytest.approx(math.log(1 + math.exp(2) + 1 + math.exp(-2)))


def test_keys_of_the_same_document_are_excluded() -> None:
    head, vectors = filled(0, 6, 7), torch.tensor([[RIGHT, UP]])
    assert head.batch_loss(LOSS, vectors, targets([0])).sum.item() == pytest.approx(math.log(1 + 1 + math.exp(-2)))
    with torch.no_grad():  # document 0 of validation is another one
        found = head.batch_loss(LOSS, vectors, targets([0]))
    assert found.sum.item() == pytest.approx(math.log(1 + math.exp(2) + 1 + math.exp(-2)))


def test_only_the_query_gets_a_gradient() -> None:
    vectors = torch.tensor([[RIGHT, UP]], requires_grad=True)
    filled(5, 6, 7).batch_loss(LOSS, vectors, targets([0])).sum.backward()
    assert vectors.grad[0, 0].any() and not vectors.grad[0, 1].any()


def test_new_keys_replace_the_oldest_and_padding_is_left_out() -> None:
    head = filled(5, 6, 7)
    keys = torch.tensor([[RIGHT, LEFT], [RIGHT, [0.6, 0.8]], [RIGHT, [0.0, -1.0]]])
    head.batch_loss(LOSS, keys, targets([10, 11, 12], [True, False, True]))
    head.after_step()
    assert head.queue.tolist() == [LEFT, [0.0, -1.0], RIGHT] and head.document.tolist() == [10, 12, 5]
    head.after_step()  # an update without a new batch
    assert head.document.tolist() == [10, 12, 5]


def test_a_batch_that_is_larger_than_the_queue() -> None:
    head = filled(5, 6, 7)
    head.batch_loss(LOSS, torch.tensor([[RIGHT, UP]] * 5), targets([10, 11, 12, 13, 14]))
    head.after_step()
    assert head.queue.tolist() == [UP] * 3 and head.document.tolist() == [10, 11, 12]


def test_evaluation_leaves_the_queue_alone() -> None:
    head = filled(5, 6, 7)
    with torch.no_grad():
        head.batch_loss(LOSS, torch.tensor([[RIGHT, UP]]), targets([10]))
    head.after_step()
    assert head.document.tolist() == [5, 6, 7]


def test_the_queue_starts_with_unit_vectors_of_no_document() -> None:
    head = head_of(LOSS)
    assert head.queue.norm(dim=-1).tolist() == pytest.approx([1.0] * 3)
    assert head.document.tolist() == [-1] * 3
    assert {"queue", "document"} <= set(head.state_dict())


def test_averaged_weights() -> None:
    averaged, module = torch.nn.Linear(1, 1, bias=False), torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(averaged.weight, 1.0)
    torch.nn.init.constant_(module.weight, 3.0)
    with torch.no_grad():
        update_average(averaged, module, 0.75)
    assert averaged.weight.item() == 1.5
