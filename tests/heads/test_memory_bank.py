import math

import numpy as np
import pytest
import torch
from pytorch_metric_learning.losses import NTXentLoss

from nlp_ssl.heads.memory_bank import MemoryBank, _mixed
from nlp_ssl.objectives.instance_discrimination import InstanceDiscrimination
from nlp_ssl.objectives.mixture import Loss, Mixture
from nlp_ssl.sampling.noise import mix
from tests.heads.views import head_of, targets

RIGHT, UP, LEFT = [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]


def loss_of(**options: float) -> Loss:
    (loss,) = Mixture(objectives={"instance_discrimination": InstanceDiscrimination(**options)}).losses.values()
    return loss


LOSS = loss_of(projection=2, temperature=0.5)


def filled() -> MemoryBank:
    """A head with three documents, whose vectors are right, up and left."""
    head = head_of(LOSS, documents=3)
    head.bank.copy_(torch.tensor([RIGHT, UP, LEFT]))
    return head


def test_the_loss_by_hand() -> None:
    """Document 1, up: a view upwards has cosines 1 and 0, 0 to the others; one to the right has 0 and 1, -1."""
    found = filled().batch_loss(LOSS, torch.tensor([[UP, RIGHT]]), targets([1]))
    first = -math.log(math.exp(2) / (math.exp(2) + 2))
    second = -math.log(1 / (1 + math.exp(2) + math.exp(-2)))
    assert found.sum.item() == pytest.approx((first + second) / 2)


def test_the_loss_is_that_of_pytorch_metric_learning() -> None:
    """With all documents as negatives, their vectors are reference embeddings with one positive for each view."""
    loss = loss_of(projection=16, temperature=0.1)
    head, document = head_of(loss, documents=20), torch.tensor([3, 0, 19, 7, 7])
    views = torch.nn.functional.normalize(torch.randn(5, 2, 16), dim=-1)
    theirs = NTXentLoss(temperature=0.1)(
        views.transpose(0, 1).flatten(0, 1), document.repeat(2), ref_emb=head.bank, ref_labels=torch.arange(20)
    )
    found = head.batch_loss(loss, views, targets(document.tolist()))
    assert found.sum.item() / 5 == pytest.approx(theirs.item(), rel=1e-5)


def test_negatives_are_drawn_and_never_the_own_document() -> None:
    """Four draws out of six documents, all alike: each one that is not the own document counts as exp(0)."""
    loss = loss_of(projection=2, temperature=0.5, negatives=4)
    head = head_of(loss, documents=6)
    head.bank.copy_(torch.tensor([UP] * 6))
    drawn, counts = [], set()
    for step in range(40):
        head.seen.fill_(step)
        drawn.append(head._drawn())
        others = int((drawn[-1] != 5).sum())
        counts.add(others)
        found = head.batch_loss(loss, torch.tensor([[UP, UP]]), targets([5]))
        assert found.sum.item() == pytest.approx(math.log(1 + others))
    assert counts > {3, 4}
    share = np.bincount(torch.cat(drawn).numpy(), minlength=6) / 160
    assert share == pytest.approx(np.full(6, 1 / 6), abs=0.09)


def test_each_seed_draws_others() -> None:
    loss = loss_of(negatives=100)
    head = head_of(loss, documents=1000)
    before = head._drawn()
    head.draw_key += 1
    assert (head._drawn() == before).float().mean() < 0.05


def test_the_hash_is_that_of_noise() -> None:
    numbers = np.array([0, 1, 2, 2**62, 2**63 + 5, 2**64 - 1], np.uint64)
    found = _mixed(torch.from_numpy(numbers.view(np.int64)))
    assert found.tolist() == (mix(numbers) >> np.uint64(1)).tolist()


def test_the_bank_by_hand() -> None:
    """Documents move half of the way to the mean of their views, over both rows of document 1; padding is left out."""
    head = filled()
    vectors = torch.tensor([[UP, UP], [RIGHT, RIGHT], [LEFT, LEFT], [RIGHT, UP]])
    head.batch_loss(LOSS, vectors, targets([1, 1, 0, 2], [True, True, False, True]))
    head.after_step()
    diagonal = math.sqrt(0.5)
    # Document 1: halfway from up to (1, 1); document 2: from left to (1, 1).
    one, two = np.array([diagonal, 1 + diagonal]), np.array([diagonal - 1, diagonal])
    expected = [RIGHT, (one / np.linalg.norm(one)).tolist(), (two / np.linalg.norm(two)).tolist()]
    assert head.bank.flatten().tolist() == pytest.approx(np.array(expected).flatten().tolist(), abs=1e-6)
    assert head.seen.item() == 3
    before = head.bank.clone()
    head.after_step()  # an update without a new batch
    assert torch.equal(head.bank, before) and head.seen.item() == 3


def test_padding_that_comes_first_writes_nothing() -> None:
    head = filled()
    head.batch_loss(LOSS, torch.tensor([[LEFT, LEFT], [UP, UP]]), targets([0, 0], [False, True]))
    head.after_step()
    assert head.bank.flatten().tolist() == pytest.approx([math.sqrt(0.5)] * 2 + UP + LEFT)


def test_a_batch_without_examples_has_no_loss_and_changes_nothing() -> None:
    """As alternating objectives have them."""
    head, vectors = filled(), torch.tensor([[UP, UP], [LEFT, UP]], requires_grad=True)
    found = head.batch_loss(LOSS, vectors, targets([0, 0], [False] * 2))
    found.sum.backward()
    head.after_step()
    assert found.sum.item() == 0 and not vectors.grad.any()
    assert head.bank.tolist() == [RIGHT, UP, LEFT] and head.seen.item() == 0


def test_padding_changes_neither_loss_nor_gradients() -> None:
    found = []
    for group, valid in (([2, 1], [True, True]), ([2, 1, 0], [True, True, False])):
        vectors = torch.tensor([[UP, RIGHT], [LEFT, UP], [RIGHT, RIGHT]][: len(group)], requires_grad=True)
        total = filled().batch_loss(LOSS, vectors, targets(group, valid)).sum
        total.backward()
        found.append((total.item(), vectors.grad[:2].tolist()))
    assert found[0] == found[1] and not vectors.grad[2].any()


def test_validation_finds_the_other_view_and_leaves_the_bank_alone() -> None:
    """Validation document 7 is not in the bank: the cosine of its views is 0, to the bank 1, 0, -1 and 0, 1, 0."""
    head = filled().eval()
    head.seen.fill_(6)
    with torch.no_grad():
        found = head.batch_loss(LOSS, torch.tensor([[RIGHT, UP]]), targets([7]))
    first, second = math.log(1 + math.exp(2) + 1 + math.exp(-2)), math.log(1 + 1 + math.exp(2) + 1)
    assert found.sum.item() == pytest.approx((first + second) / 2)
    assert [value.item() for value in found.metrics["times_seen"]] == [6, 3]
    assert {"accuracy", "accuracy_by_chance", "spread"} <= set(found.metrics)
    head.after_step()
    assert head.bank.tolist() == [RIGHT, UP, LEFT]


def test_the_bank_starts_with_unit_vectors_and_is_in_checkpoints() -> None:
    head = head_of(LOSS, documents=5)
    assert head.bank.norm(dim=-1).tolist() == pytest.approx([1.0] * 5)
    assert {"bank", "draw_key", "seen"} <= set(head.state_dict())
