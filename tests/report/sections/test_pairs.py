from nlp_ssl.report.blocks import TableCell
from nlp_ssl.report.sections.pairs import pair_cell, wins
from tests.report.boards import board

BOARD = board({"a": [0, 0], "b": [0, 0], "c": [0, 0]}, {("a", "b"): [1, 0], ("a", "c"): [1, -1], ("b", "c"): [0, 0]})


def test_wins_by_pair() -> None:
    assert wins(BOARD) == {("a", "b"): (1, 0), ("a", "c"): (1, 1), ("b", "c"): (0, 0)}


def test_a_cell_is_the_row_minus_the_column() -> None:
    assert pair_cell(BOARD, "a", "b") == TableCell("1 of 2", ("task 0 +10.0", "task 1 +0.0"), "better")
    assert pair_cell(BOARD, "b", "a") == TableCell("1 of 2", ("task 0 −10.0", "task 1 +0.0"), "worse")
    assert pair_cell(BOARD, "c", "a") == TableCell("1 better, 1 worse of 2", ("task 0 −10.0", "task 1 +10.0"))
    assert pair_cell(BOARD, "b", "c").verdict == "no significant difference"


def test_objectives_without_common_scores() -> None:
    assert pair_cell(board({"a": [0], "b": [0]}), "a", "b") == TableCell("–")


def test_pairs_of_one_pretraining_seed_have_no_winner() -> None:
    found = board({"a": [0], "b": [0], "c": [0]}, {("a", "b"): [1], ("a", "c"): [0]}, anecdotal=("a", "b", "c"))
    assert wins(found) == {("a", "b"): (0, 0), ("a", "c"): (0, 0), ("b", "c"): (0, 0)}
    assert pair_cell(found, "b", "a") == TableCell("", ("task 0 −10.0",), "anecdotal")
    assert pair_cell(found, "a", "c") == TableCell("", ("task 0 +0.0",), "no significant difference")
