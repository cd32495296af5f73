from dataclasses import replace

from nlp_ssl.comparison.board import Gap
from nlp_ssl.report.blocks import Table, TableCell
from nlp_ssl.report.sections.knowledge import cell, kinds_of_knowledge, knowledge
from tests.report.boards import BOOTSTRAP, board, gap

RESULTS = {"tasks": [{"name": f"task {i}", "knowledge": kind} for i, kind in enumerate(["order", "words", "order"])]}


def test_tasks_by_kind_of_knowledge_without_those_at_chance() -> None:
    found = board({"a": [1, 1, 1]})
    assert kinds_of_knowledge(RESULTS, found) == {"words": ["task 1"], "order": ["task 0", "task 2"]}
    assert kinds_of_knowledge(RESULTS, replace(found, floors={"task 1": "why"})) == {"order": ["task 0", "task 2"]}


def test_mean_differences_with_their_standard_error_over_tasks() -> None:
    found = board({"a": [1, 0, 1]})
    other = replace(found.figures["a", "task 2"], gap=Gap(replace(gap(1).difference, mean=0.04), 0.01, BOOTSTRAP))
    found = replace(found, figures={**found.figures, ("a", "task 2"): other})
    (table,) = knowledge(RESULTS, found).blocks
    assert isinstance(table, Table)
    assert table.header == ["model", TableCell("words", ("task 1",)), TableCell("order", ("task 0", "task 2"))]
    assert table.rows[0].cells == ["a", TableCell("+0.0"), TableCell("+7.0", ("± 3.0",))]


def test_tasks_that_a_model_was_not_scored_on() -> None:
    found = board({"a": [1, 1], "b": [1, 1]})
    figures = {key: figure for key, figure in found.figures.items() if key != ("a", "task 1")}
    found = replace(found, figures=figures)
    assert cell(found, "a", ["task 0", "task 1"]) == TableCell("+10.0", ("1 of 2 tasks",))
    assert cell(found, "a", ["task 1"]) == "–"
