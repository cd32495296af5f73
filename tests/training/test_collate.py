"""Batches as the tensors that a model is given."""

import numpy as np
import torch

from nlp_ssl.sampling.batch import Batch, View
from nlp_ssl.sampling.targets import RowTargets, SequenceTargets, TokenTargets
from nlp_ssl.training.collate import collate
from tests.networks import mixture
from tests.worlds import vocabulary

NO = -100


def batch(ids: list[list[int]], **more: object) -> Batch:
    grid = np.array(ids)
    length = np.count_nonzero(grid, axis=1)
    return Batch(
        ids=grid,
        length=length,
        sentence=np.zeros(grid.shape, np.int16),
        token_type_ids=np.tile([0, 0, 1, 1], (len(grid), 1))[:, : grid.shape[1]],
        text_tokens=length - 2,
        example_class=np.zeros(len(grid), np.int64),
        **more,
    )


def lists(tensors: dict[str, torch.Tensor]) -> dict[str, list]:
    return {name: tensor.tolist() for name, tensor in tensors.items()}


def test_an_encoders_batch() -> None:
    labels = TokenTargets(labels=np.array([[NO, 9, NO, NO], [NO, NO, NO, NO]]))
    found = collate(batch([[2, 4, 8, 3], [2, 7, 3, 0]], targets={"mlm": labels}), mixture("mlm"), vocabulary())
    assert lists(found["views"]["main"]) == {
        "input_ids": [[2, 4, 8, 3], [2, 7, 3, 0]],
        "attention_mask": [[1, 1, 1, 1], [1, 1, 1, 0]],
    }
    assert found["targets"]["mlm"]["labels"][:2].tolist() == [9, NO]
    assert found["targets"]["mlm"]["positions"][:2].tolist() == [1, 0]
    assert found["counts"].tolist() == [3, 2, 1]  # tokens of text, rows, targets


def test_a_batch_without_padding_has_no_mask() -> None:
    labels = TokenTargets(labels=np.array([[NO, 9, NO, NO]]))
    found = collate(batch([[2, 4, 8, 3]], targets={"mlm": labels}), mixture("mlm"), vocabulary())
    assert list(found["views"]["main"]) == ["input_ids"]


def test_a_decoder_needs_no_mask() -> None:
    labels = TokenTargets(labels=np.array([[7, 3, NO]]), next_token=True)
    found = collate(batch([[2, 7, 0]], targets={"clm": labels}), mixture("clm"), vocabulary())
    assert list(found["views"]["main"]) == ["input_ids"]


def test_rows_whose_targets_are_next_tokens_are_read_from_one_side() -> None:
    masked = TokenTargets(labels=np.array([[NO, 9, NO, NO], [NO] * 4, [NO] * 4]))
    following = TokenTargets(labels=np.array([[NO] * 4, [7, 8, NO, NO], [NO] * 4]), next_token=True)
    rows = batch([[2, 7, 4, 3], [2, 7, 8, 0], [2, 7, 8, 3]], targets={"mntp": masked, "clm": following})
    found = collate(rows, mixture("hybrid"), vocabulary())["views"]["main"]
    assert found["causal"].tolist() == [False, True, False]  # the last row is there for its shape
    assert found["attention_mask"].tolist() == [[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 1, 1]]


def test_pairs_have_token_types() -> None:
    made = batch([[2, 7, 8, 3]], targets={"sop": RowTargets(labels=np.array([1]))})
    found = collate(made, mixture("sop"), vocabulary())
    assert lists(found["views"]["main"]) == {"input_ids": [[2, 7, 8, 3]], "token_type_ids": [[0, 0, 1, 1]]}
    assert lists(found["targets"]["sop"]) == {"labels": [1]}


def test_decoder_inputs_are_the_labels_shifted_right() -> None:
    targets = {"document_rotation": SequenceTargets(tokens=np.array([[9, 8, 3]]))}
    found = collate(batch([[2, 8, 9, 3]], targets=targets), mixture("document_rotation"), vocabulary())
    assert found["views"]["main"]["decoder_input_ids"].tolist() == [[2, 9, 8]]
    assert "decoder_input_ids" not in found["targets"]["document_rotation"]
    assert found["targets"]["document_rotation"]["positions"][:3].tolist() == [0, 1, 2]


def test_a_head_with_a_decoder_of_its_own_reads_its_own_sequence() -> None:
    """Positions count in each decoder's rows, 2 and 3 tokens long."""
    targets = {
        "previous": SequenceTargets(tokens=np.array([[9, 3], [8, 3]])),
        "next": SequenceTargets(tokens=np.array([[7, 6, 3], [5, 3, NO]])),
    }
    found = collate(batch([[2, 8, 9, 3], [2, 7, 3, 0]], targets=targets), mixture("skip_thought"), vocabulary())
    assert "decoder_input_ids" not in found["views"]["main"]
    assert found["targets"]["previous"]["decoder_input_ids"].tolist() == [[2, 9], [2, 8]]
    assert found["targets"]["next"]["decoder_input_ids"].tolist() == [[2, 7, 6], [2, 5, 3]]
    assert found["targets"]["previous"]["positions"][:4].tolist() == [0, 1, 2, 3]
    assert found["targets"]["next"]["positions"][:5].tolist() == [0, 1, 2, 3, 4]
    assert found["counts"].tolist() == [3, 2, 4, 5]


def test_further_views_have_masks_of_their_own() -> None:
    views = {"masked": View(ids=np.array([[2, 4, 0]]), length=np.array([2]))}
    targets = {name: TokenTargets(labels=np.array([[NO, 9, NO, NO]])) for name in ("generator", "detection")}
    found = collate(batch([[2, 9, 8, 3]], targets=targets, views=views), mixture("rtd"), vocabulary())
    assert lists(found["views"]["masked"]) == {"input_ids": [[2, 4, 0]], "attention_mask": [[1, 1, 0]]}
    assert list(found["views"]["main"]) == ["input_ids"]


def test_positions_of_a_view_are_the_bodys_position_ids() -> None:
    seen = View(ids=np.array([[2, 8, 0]]), length=np.array([2]), positions=np.array([[0, 2, 0]]))
    targets = {"mae": TokenTargets(labels=np.array([[NO, 9, NO, NO]]))}
    found = collate(batch([[2, 4, 8, 3]], targets=targets, views={"visible": seen}), mixture("mae"), vocabulary())
    assert lists(found["views"]["visible"]) == {
        "input_ids": [[2, 8, 0]],
        "attention_mask": [[1, 1, 0]],
        "position_ids": [[0, 2, 0]],
    }
    assert list(found["views"]["main"]) == ["input_ids"]
