"""The contract that every batch keeps."""

import numpy as np
import pytest

from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.sampling.batch import Batch, View, check, stack
from nlp_ssl.sampling.framing import frame
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import RowTargets, TokenTargets
from tests.worlds import vocabulary


@pytest.mark.parametrize(
    ("field", "row", "column", "value", "message"),
    [
        ("ids", 1, 2, 50, "test: not a token id: 50 at row 1, column 2"),
        ("ids", 0, -1, 7, "test: written to the padding: 7 at row 0, column 11"),
        ("labels", 1, 3, 77, "test: masked_lm: not a label: 77 at row 1, column 3"),
        ("labels", 0, -1, 9, "test: masked_lm: a target in the padding: 9 at row 0, column 11"),
    ],
)
def test_check_names_row_and_column(text, field, row, column, value, message) -> None:
    start, length = np.array([0, 5]), np.array([5, 4])
    clean = frame(text, vocabulary(), "segment", "encoder", start, length, 12, Noise(0, 0, np.arange(2)))
    batch = MaskedLM().corrupt(clean, vocabulary(), Noise(0, 0, np.arange(2)))
    check(batch, vocabulary(), "test")
    (batch.ids if field == "ids" else batch.targets["masked_lm"].labels)[row, column] = value
    with pytest.raises(AssertionError, match=message):
        check(batch, vocabulary(), "test")


def batch_of(ids: list[list[int]], **more: object) -> Batch:
    """A batch of rows padded with 0. The length counts the other values."""
    grid = np.array(ids)
    length = np.count_nonzero(grid, axis=1)
    return Batch(
        ids=grid,
        length=length,
        sentence=np.where(grid > 0, 0, -1).astype(np.int16),
        token_type_ids=np.zeros_like(grid),
        text_tokens=length - 2,
        example_class=np.arange(len(grid)),
        **more,
    )


def test_taken_rows_keep_targets_and_views() -> None:
    ids, labels = [[2, 7, 3], [2, 8, 3], [2, 3, 0]], np.array([4, 5, 6])
    views = {"other": View(ids=np.array([[2, 9], [2, 10], [2, 0]]), length=np.array([2, 2, 1]))}
    part = batch_of(ids, targets={"class": RowTargets(labels=labels)}, views=views).take(np.array([2, 0]))
    assert part.ids.tolist() == [[2, 3, 0], [2, 7, 3]]
    assert part.length.tolist() == [2, 3] and part.example_class.tolist() == [2, 0]
    assert part.targets["class"].labels.tolist() == [6, 4]
    assert part.views["other"].ids.tolist() == [[2, 0], [2, 9]] and part.views["other"].length.tolist() == [1, 2]


def test_a_further_target_leaves_the_batch_unchanged() -> None:
    clean = batch_of([[2, 7, 3]])
    more = clean.with_target("class", RowTargets(labels=np.array([1])))
    assert list(more.targets) == ["class"] and not clean.targets


def test_stacked_parts_are_padded_and_have_no_targets_of_each_other() -> None:
    masked = batch_of([[2, 7, 3]], targets={"mlm": TokenTargets(labels=np.array([[-100, 8, -100]]))})
    views = {"other": View(ids=np.array([[2, 11], [2, 12]]), length=np.array([2, 2]))}
    classified = batch_of(
        [[2, 9, 9, 3], [2, 9, 3, 0]], targets={"class": RowTargets(labels=np.array([0, 1]))}, views=views
    )
    whole = stack([(np.array([1]), masked), (np.array([2, 0]), classified)], vocabulary())
    assert whole.ids.tolist() == [[2, 9, 3, 0], [2, 7, 3, 0], [2, 9, 9, 3]]
    assert whole.length.tolist() == [3, 3, 4] and whole.text_tokens.tolist() == [1, 1, 2]
    assert whole.sentence.tolist() == [[0, 0, 0, -1], [0, 0, 0, -1], [0, 0, 0, 0]]
    assert whole.targets["mlm"].labels.tolist() == [[-100] * 4, [-100, 8, -100, -100], [-100] * 4]
    assert whole.targets["class"].labels.tolist() == [1, -100, 0]
    assert whole.views["other"].ids.tolist() == [[2, 12], [2, 0], [2, 11]]  # a row without this view is [CLS] alone
    assert whole.views["other"].length.tolist() == [2, 1, 2]
    check(whole, vocabulary(), "test")


def test_positions_of_a_view_follow_its_rows() -> None:
    ids, length, positions = np.array([[2, 9], [2, 8]]), np.array([2, 2]), np.array([[0, 5], [0, 7]])
    placed = batch_of([[2, 9, 3], [2, 8, 3]], views={"some": View(ids=ids, length=length, positions=positions)})
    assert placed.take(np.array([1])).views["some"].positions.tolist() == [[0, 7]]
    whole = stack([(np.array([2, 0]), placed), (np.array([1]), batch_of([[2, 3]]))], vocabulary())
    assert whole.views["some"].positions.tolist() == [[0, 7], [0, 0], [0, 5]]
    assert whole.views["some"].ids.tolist() == [[2, 8], [2, 0], [2, 9]]


def test_check_looks_at_views() -> None:
    few = {"other": View(ids=np.array([[2, 9]]), length=np.array([2]))}
    with pytest.raises(AssertionError, match="test: a view has 1 rows, not 2"):
        check(batch_of([[2, 3], [2, 3]], views=few), vocabulary(), "test")
    wrong = {"other": View(ids=np.array([[2, 50]]), length=np.array([2]))}
    with pytest.raises(AssertionError, match="test: not a token id: 50 at row 0, column 1"):
        check(batch_of([[2, 3]], views=wrong), vocabulary(), "test")
