"""Objectives compared with each other, pair by pair."""

from __future__ import annotations

from typing import Literal

from nlp_ssl.comparison.board import Board, Gap, Mark
from nlp_ssl.report.blocks import Section, Table, TableCell, TableRow
from nlp_ssl.report.formats import signed

Direction = Literal["better", "worse", "none"]
REVERSED: dict[Mark, Mark] = {
    "better": "worse",
    "worse": "better",
    "no significant difference": "no significant difference",
    "anecdotal": "anecdotal",
}


def direction(gap: Gap) -> Direction:
    """The sign of a significant difference, otherwise "none": no difference of one pretraining seed is significant."""
    return gap.verdict if gap.verdict in ("better", "worse") else "none"


def wins(board: Board) -> dict[tuple[str, str], tuple[int, int]]:
    """For each pair of objectives, the number of counted tasks where the first and the second is better."""
    tallies = {}
    for i, one in enumerate(board.objectives):
        for other in board.objectives[i + 1 :]:
            directions = [direction(gap) for t in board.counted if (gap := board.pairs.get((one, other, t)))]
            tallies[one, other] = (directions.count("better"), directions.count("worse"))
    return tallies


def pairs(board: Board) -> Section:
    """The table of objectives by objectives."""
    rows = []
    for one in board.objectives:
        cells: list[TableCell | str] = [one]
        for other in board.objectives:
            cells.append("" if one == other else pair_cell(board, one, other))
        rows.append(TableRow(cells))
    note = (
        "Number of tasks on which the row's objective is significantly better or worse than the column's, after Holm's "
        "correction over all pairs and tasks. Below: the difference on each task. "
        "Tasks at chance are left out."
    )
    return Section("pairs", "Objectives compared with each other", [Table("", ["", *board.objectives], rows, note)])


def pair_cell(board: Board, one: str, other: str) -> TableCell:
    """The first objective minus the second."""
    details, verdicts = list[str](), list[Mark]()
    for task in board.counted:
        forward, backward = board.pairs.get((one, other, task)), board.pairs.get((other, one, task))
        gap = forward or backward
        if gap is None:
            continue
        sign = 1 if forward else -1
        details.append(f"{task} {signed(sign * gap.difference.mean)}")
        verdicts.append(gap.verdict if forward else REVERSED[gap.verdict])
    if not details:
        return TableCell("–")
    better, worse = verdicts.count("better"), verdicts.count("worse")
    if better and worse:
        return TableCell(f"{better} better, {worse} worse of {len(details)}", tuple(details))
    if better or worse:
        return TableCell(f"{better or worse} of {len(details)}", tuple(details), "better" if better else "worse")
    return TableCell("", tuple(details), "anecdotal" if "anecdotal" in verdicts else "no significant difference")
