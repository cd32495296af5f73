import math
from dataclasses import replace

from nlp_ssl.comparison.board import Gap, Standing
from nlp_ssl.report.blocks import TableCell
from nlp_ssl.report.sections.scores import score_cell, score_table, standing_cells
from nlp_ssl.statistics.corrections import Average
from tests.report.boards import BOOTSTRAP, board


def test_a_score_with_its_difference_from_random_initialisation() -> None:
    figure = board({"a": [1]}).figures["a", "task 0"]
    assert figure.gap is not None
    details = ("[60.0, 80.0]", "Δ +10.0 [+5.0, +15.0]", "p 0.01; MDE 10.0")
    assert score_cell(figure) == TableCell("70.0", details, "better")
    unbounded = replace(figure, gap=Gap(replace(figure.gap.difference, detectable=math.inf), 0.2, BOOTSTRAP))
    cell = score_cell(unbounded)
    assert isinstance(cell, TableCell)
    assert (cell.details[-1], cell.verdict) == ("p 0.20; no MDE", "no significant difference")
    assert score_cell(None) == "–"


def test_one_pretraining_seed_has_no_p_value() -> None:
    cell = score_cell(board({"a": [1]}, anecdotal=("a",)).figures["a", "task 0"])
    assert isinstance(cell, TableCell) and cell.details[-1] == "anecdotal; MDE 10.0"


def test_baselines_are_muted_and_tasks_at_chance_flagged() -> None:
    found = replace(board({"a": [1]}, baselines={"majority": [0.5]}), floors={"task 0": "why"})
    table = score_table(found)
    assert [row.muted for row in table.rows] == [False, True]
    assert table.rows[1].cells == ["majority class", TableCell("50.0")]
    assert table.header == ["model", TableCell("task 0", ("macro f1", "⚑ at chance"))]
    assert table.note == "⚑ Left out of averages: task 0 (why)."


def test_averages_over_tasks() -> None:
    standing = Standing(Average(0.5, 0.012, 0.4, 0.6), Average(1.5, None, None, None))
    assert standing_cells(standing) == [TableCell("50.0", ("± 1.2",)), TableCell("1.5", ("± 0.0",))]
    assert standing_cells(Standing(standing.score, None))[1] == ""
    assert standing_cells(None) == ["–", "–"]


def test_the_score_of_an_objective_that_trains_on_the_task_is_marked() -> None:
    table = score_table(board({"a": [1], "b": [1]}, own_tasks=(("b", "task 0"),)))
    marks = [row.cells[1].details[0] for row in table.rows if isinstance(row.cells[1], TableCell)]
    assert marks == ["[60.0, 80.0]", "trained on this task"]
