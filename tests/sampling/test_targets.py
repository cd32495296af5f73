"""Targets of every class: their arrays, counts, joining and checks, worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from nlp_ssl.sampling.targets import BatchTargets, RowTargets, SequenceTargets, TokenTargets, WindowTargets, join_rows
from tests.worlds import vocabulary

NO = -100
IDS, LENGTH = np.array([[2, 7, 8, 3], [2, 9, 3, 0]]), np.array([4, 3])


def check(targets) -> None:
    targets.check(IDS, LENGTH, vocabulary(), "test")


# --- tokens ---

TOKENS = TokenTargets(
    labels=np.array([[NO, 10, NO, 12], [NO, 13, NO, NO]]),
    noise={"draws": np.array([[0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8]], np.float32)},
)


def test_token_targets_are_positions_in_the_flattened_rows() -> None:
    assert TOKENS.count() == 3
    found = TOKENS.arrays(4, vocabulary())
    assert {name: array.shape for name, array in found.items()} == {"labels": (64,), "positions": (64,), "draws": (64,)}
    assert found["labels"].tolist() == [10, 12, 13, *[NO] * 61]  # padded to a multiple of 64
    assert found["positions"].tolist() == [1, 3, 5, *[0] * 61]  # row 1 begins at 4
    assert found["draws"].tolist() == pytest.approx([0.2, 0.4, 0.6, *[0] * 61])
    assert found["draws"].dtype == np.float32
    assert TOKENS.arrays(10, vocabulary())["positions"][:3].tolist() == [1, 3, 11]


def test_labels_that_are_classes() -> None:
    labels = np.array([[NO, 1, NO, 3], [NO, 2, NO, NO]])
    assert TokenTargets(labels=labels, classes=True).class_labels().tolist() == [1, 3, 2]
    assert TokenTargets(labels=labels, classes=True).predicted(0) is None
    assert TOKENS.class_labels() is None
    assert RowTargets(labels=np.array([4, NO, 0])).class_labels().tolist() == [4, 0]


@pytest.mark.parametrize(("targets", "padded"), [(0, 0), (1, 64), (64, 64), (65, 128)])
def test_the_number_of_token_targets_is_a_multiple_of_64(targets: int, padded: int) -> None:
    labels = np.where(np.arange(65) < targets, 7, NO)[None]
    assert len(TokenTargets(labels=labels).arrays(65, vocabulary())["labels"]) == padded


def test_rows_of_token_targets() -> None:
    second = TOKENS.take(np.array([1]))
    assert second.labels.tolist() == [[NO, 13, NO, NO]]
    assert second.noise["draws"].tolist() == pytest.approx(np.array([[0.5, 0.6, 0.7, 0.8]], np.float32))
    none = TOKENS.without_targets()
    assert none.count() == 0 and none.labels.shape == (2, 4)
    assert TOKENS.count() == 3  # the original is as it was


def test_predicted_tokens_and_their_predecessors() -> None:
    labels = np.array([[7, 8, 9, 3], [5, NO, NO, NO]])
    tokens, before = TokenTargets(labels=labels, next_token=True).predicted(0)
    assert tokens.tolist() == [7, 8, 9, 3, 5]
    assert before.tolist() == [[0, 0], [0, 7], [7, 8], [8, 9], [0, 0]]
    tokens, before = TokenTargets(labels=labels, next_token=True, backward=True).predicted(0)
    assert tokens.tolist() == [7, 8, 9, 3, 5]
    assert before[:3].tolist() == [[9, 8], [3, 9], [0, 3]]
    tokens, before = TOKENS.predicted(0)
    assert tokens.tolist() == [10, 12, 13] and before is None
    assert TokenTargets(labels=labels, originals=True).predicted(0) is None
    tokens, before = SequenceTargets(tokens=labels).predicted(0)
    assert before.tolist() == [[0, 0], [0, 7], [7, 8], [8, 9], [0, 0]]


def test_token_targets_move_with_their_tokens() -> None:
    source = np.array([[3, 1, 0], [1, 0, 0]])
    beyond = np.array([[False, False, False], [False, False, True]])
    moved = TOKENS.moved(source, beyond)
    assert moved.labels.tolist() == [[12, 10, NO], [13, NO, NO]]
    assert moved.noise["draws"].tolist() == [pytest.approx([0.4, 0.2, 0.1]), pytest.approx([0.6, 0.5, 0.5])]
    gone = replace(TOKENS, labels=TOKENS.labels.copy()).moved(source, ~beyond)
    assert gone.labels.tolist() == [[NO, NO, NO], [NO, NO, NO]]


def test_joined_token_targets_are_padded() -> None:
    one = TokenTargets(labels=np.array([[5, 6]]), noise={"draws": np.array([[0.5, 0.25]], np.float32)})
    other = TokenTargets(labels=np.array([[7, 8, 9]]), noise={"draws": np.array([[0.75, 0.5, 0.25]], np.float32)})
    whole = one.joined([(np.array([2]), one), (np.array([0]), other)], rows=3, width=4)
    assert whole.labels.tolist() == [[7, 8, 9, NO], [NO] * 4, [5, 6, NO, NO]]
    assert whole.noise["draws"].tolist() == [[0.75, 0.5, 0.25, 0], [0] * 4, [0.5, 0.25, 0, 0]]


@pytest.mark.parametrize(
    ("row", "column", "label", "message"),
    [
        (0, 1, 50, "test: not a label: 50 at row 0, column 1"),
        (0, 1, -1, "test: not a label: -1 at row 0, column 1"),
        (1, 3, 9, "test: a target in the padding: 9 at row 1, column 3"),
    ],
)
def test_wrong_token_targets_are_refused(row: int, column: int, label: int, message: str) -> None:
    check(TOKENS)
    labels = TOKENS.labels.copy()
    labels[row, column] = label
    with pytest.raises(AssertionError, match=message):
        check(TokenTargets(labels=labels))
    with pytest.raises(AssertionError, match=r"test: labels are \(2, 3\), not \(2, 4\)"):
        check(TokenTargets(labels=labels[:, :3]))


# --- rows ---

ROWS = RowTargets(labels=np.array([1, NO]))


def test_row_targets() -> None:
    check(ROWS)
    assert ROWS.count() == 1
    assert ROWS.arrays(4, vocabulary())["labels"].tolist() == [1, NO]
    assert ROWS.take(np.array([1, 0])).labels.tolist() == [NO, 1]
    assert ROWS.without_targets().labels.tolist() == [NO, NO]
    assert ROWS.moved(np.array([[0], [0]]), np.array([[True], [True]])) is ROWS
    assert ROWS.joined([(np.array([3, 1]), ROWS)], rows=4, width=9).labels.tolist() == [NO, NO, NO, 1]
    with pytest.raises(AssertionError, match="test: 3 labels for 2 rows"):
        check(RowTargets(labels=np.array([0, 1, 0])))


# --- sequences ---

SEQUENCES = SequenceTargets(tokens=np.array([[10, 11, 3], [12, 3, NO]]), from_source=True)


def test_decoder_inputs_are_the_targets_shifted_right() -> None:
    assert SEQUENCES.count() == 5
    assert SEQUENCES.decoder_input_ids(vocabulary()).tolist() == [[2, 10, 11], [2, 12, 3]]
    none = SEQUENCES.without_targets()
    assert none.count() == 0 and none.from_source
    assert none.decoder_input_ids(vocabulary()).tolist() == [[2, 0, 0], [2, 0, 0]]


def test_sequence_targets_are_positions_in_the_decoders_rows() -> None:
    found = SEQUENCES.arrays(3, vocabulary())
    assert found["labels"].tolist() == [10, 11, 3, 12, 3, *[NO] * 59]
    assert found["positions"].tolist() == [0, 1, 2, 3, 4, *[0] * 59]
    assert SEQUENCES.arrays(5, vocabulary())["positions"][:5].tolist() == [0, 1, 2, 5, 6]


def test_joined_sequences_are_as_wide_as_the_longest() -> None:
    short = SequenceTargets(tokens=np.array([[9]]))
    whole = short.joined([(np.array([1]), short), (np.array([3, 0]), SEQUENCES)], rows=4, width=99)
    assert whole.tokens.tolist() == [[12, 3, NO], [9, NO, NO], [NO] * 3, [10, 11, 3]]
    assert SEQUENCES.take(np.array([1])).tokens.tolist() == [[12, 3, NO]]


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ([[10, 50], [3, NO]], "test: not a token: 50 at row 0, column 1"),
        ([[10, -2], [3, NO]], "test: not a token: -2 at row 0, column 1"),
        ([[10, 3], [NO, 3]], "test: a token behind the end: 3 at row 1, column 1"),
        ([[10, 3]], "test: 1 sequences for 2 rows"),
    ],
)
def test_wrong_sequences_are_refused(tokens: list[list[int]], message: str) -> None:
    check(SEQUENCES)
    with pytest.raises(AssertionError, match=message):
        check(SequenceTargets(tokens=np.array(tokens)))


# --- windows ---

WINDOWS = WindowTargets(
    labels=np.array([[2, 7, NO, 3], [2, 9, NO, NO]]),
    left=np.array([[0, 1, 2, 2], [0, 1, 0, 0]]),
    right=np.array([[2, 1, 1, 0], [1, 1, 0, 0]]),
    negatives=np.array([[5, 6, 7], [8, 9, 10]]),
)


def test_windows_are_zero_where_there_is_no_target() -> None:
    check(WINDOWS)
    found = WINDOWS.arrays(4, vocabulary())
    assert found["windows"].tolist() == [[[0, 1, 0, 2], [0, 1, 0, 0]], [[2, 1, 0, 0], [1, 1, 0, 0]]]
    assert found["negatives"].tolist() == [[5, 6, 7], [8, 9, 10]]


def test_a_window_target_is_a_word_or_a_pair() -> None:
    assert WINDOWS.count() == 5
    assert replace(WINDOWS, counts_pairs=True).count() == 4 + 5  # to the left, to the right
    assert WINDOWS.without_targets().count() == replace(WINDOWS, counts_pairs=True).without_targets().count() == 0


def test_joined_windows_are_padded() -> None:
    whole = WINDOWS.joined([(np.array([2, 0]), WINDOWS)], rows=3, width=5)
    assert whole.labels.tolist() == [[2, 9, NO, NO, NO], [NO] * 5, [2, 7, NO, 3, NO]]
    assert whole.left.tolist() == [[0, 1, 0, 0, 0], [0] * 5, [0, 1, 2, 2, 0]]
    assert whole.right.tolist() == [[1, 1, 0, 0, 0], [0] * 5, [2, 1, 1, 0, 0]]
    assert whole.negatives.tolist() == [[8, 9, 10], [0, 0, 0], [5, 6, 7]]
    assert WINDOWS.take(np.array([1])).negatives.tolist() == [[8, 9, 10]]


@pytest.mark.parametrize(
    ("field", "row", "column", "value", "message"),
    [
        ("left", 0, 1, 2, "a window to the left out of its row: 2 at row 0, column 1"),
        ("left", 0, 0, -1, "a window to the left out of its row: -1 at row 0, column 0"),
        ("right", 0, 2, 2, "a window to the right out of its row: 2 at row 0, column 2"),
        ("right", 1, 2, 1, "a window to the right out of its row: 1 at row 1, column 2"),  # it would reach the padding
        ("right", 1, 3, 1, "a window to the right out of its row: 1 at row 1, column 3"),
        ("negatives", 1, 0, 50, "not a word to sample: 50 at row 1, column 0"),
        ("negatives", 1, 0, -1, "not a word to sample: -1 at row 1, column 0"),
    ],
)
def test_wrong_windows_are_refused(field: str, row: int, column: int, value: int, message: str) -> None:
    array = getattr(WINDOWS, field).copy()
    array[row, column] = value
    with pytest.raises(AssertionError, match=f"test: {message}"):
        check(replace(WINDOWS, **{field: array}))


def test_windows_predict_no_token_alone() -> None:
    assert WINDOWS.predicted(0) is None


# --- the batch as a whole ---

BATCH = BatchTargets(valid=np.array([True, False]), group=np.array([7, 8]))


def test_batch_targets() -> None:
    check(BATCH)
    assert BATCH.count() == 1
    found = BATCH.arrays(4, vocabulary())
    assert found["valid"].tolist() == [True, False] and found["group"].tolist() == [7, 8]
    assert BATCH.without_targets().valid.tolist() == [False, False]
    assert BATCH.without_targets().group.tolist() == [7, 8]
    assert BATCH.take(np.array([1])).group.tolist() == [8]
    whole = BATCH.joined([(np.array([2, 0]), BATCH)], rows=3, width=4)
    assert whole.valid.tolist() == [False, False, True] and whole.group.tolist() == [8, 0, 7]
    with pytest.raises(AssertionError, match="test: not an entry for each of 2 rows"):
        check(replace(BATCH, group=np.array([7])))


def test_join_keeps_the_type_and_puts_rows_in_their_places() -> None:
    whole = join_rows([(np.array([1]), np.array([[1, 2]], np.int16))], rows=2, fill=-1, width=3)
    assert whole.dtype == np.int16 and whole.tolist() == [[-1, -1, -1], [1, 2, -1]]
    assert join_rows([(np.array([1]), np.array([5]))], rows=2, fill=0).tolist() == [0, 5]
