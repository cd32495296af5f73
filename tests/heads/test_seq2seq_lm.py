"""Sequence-to-sequence language modelling."""

import pytest
import torch

from tests.networks import loss_of, make


def test_the_loss_is_that_of_the_assembled_model() -> None:
    """Two texts; the second is shorter on both sides."""
    model = make("document_rotation", dropout=0.0)
    view = {
        "input_ids": torch.tensor([[2, 10, 11, 3], [2, 12, 3, 0]]),
        "attention_mask": torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]]),
        "decoder_input_ids": torch.tensor([[2, 11, 10], [2, 12, 0]]),
    }
    targets = {"labels": torch.tensor([11, 10, 3, 12, 3]), "positions": torch.tensor([0, 1, 2, 3, 4])}
    found = loss_of(model, {"views": {"main": view}, "targets": {"document_rotation": targets}})
    labels = torch.tensor([[11, 10, 3], [12, 3, -100]])
    whole = model.assemble()(**view, labels=labels)
    assert found.item() == pytest.approx(5 * whole.loss.item(), rel=1e-5)
