"""Scores by the kind of knowledge that tasks ask for."""

from __future__ import annotations

from collections.abc import Sequence

from nlp_ssl.comparison.board import Board
from nlp_ssl.comparison.results_file import Results
from nlp_ssl.report.blocks import Section, Table, TableCell, TableRow
from nlp_ssl.report.formats import signed
from nlp_ssl.statistics.corrections import average

ORDER = ("words", "order", "syntax", "meaning", "other")
NOTE = (
    "Mean Δ vs random init (vs chance for zero-shot and few-shot tasks) over the tasks of each kind, in percentage "
    "points, ± its jackknife standard error over tasks. Tasks at chance are left out."
)


def kinds_of_knowledge(results: Results, board: Board) -> dict[str, list[str]]:
    """The board's tasks that are not at chance, by kind of knowledge."""
    declared = {task["name"]: task["knowledge"] for task in results["tasks"]}
    kinds = {kind: [task for task in board.counted if declared[task] == kind] for kind in ORDER}
    return {kind: tasks for kind, tasks in kinds.items() if tasks}


def knowledge(results: Results, board: Board) -> Section:
    """Objectives by kinds of knowledge."""
    kinds = kinds_of_knowledge(results, board)
    header = [TableCell(kind, tuple(tasks)) for kind, tasks in kinds.items()]
    rows = [TableRow([model, *(cell(board, model, tasks) for tasks in kinds.values())]) for model in board.objectives]
    return Section("knowledge", "By kind of knowledge", [Table("", ["model", *header], rows, NOTE)])


def cell(board: Board, model: str, tasks: Sequence[str]) -> TableCell | str:
    """The mean difference over the tasks that the model was scored on."""
    figures = [board.figures.get((model, task)) for task in tasks]
    gaps = [figure.gap.difference.mean for figure in figures if figure and figure.gap]
    if not gaps:
        return "–"
    (mean,) = average([gaps])
    details = [f"± {signed(mean.error)[1:]}"] if mean.error is not None else []
    missing = [f"{len(gaps)} of {len(tasks)} tasks"] if len(gaps) < len(tasks) else []
    return TableCell(signed(mean.mean), (*details, *missing))
