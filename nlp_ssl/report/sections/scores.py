"""Score tables: models by tasks."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nlp_ssl.comparison.board import Board, Figure, Standing
from nlp_ssl.comparison.results_file import Results
from nlp_ssl.report.blocks import Block, Paragraph, Section, Table, TableCell, TableRow
from nlp_ssl.report.formats import (
    board_title,
    format_interval,
    lower,
    metric_title,
    p_value,
    percent,
    setting_title,
    signed,
)

AT_CHANCE = "⚑ at chance"
OWN_TASK = "trained on this task"
NOTE = (
    "Each score is in percent, the mean over pretraining and fine-tuning seeds. Below it: its 95 % interval over seeds "
    "and examples; Δ vs random init (vs chance for zero-shot and few-shot tasks) with its interval; the p value of Δ "
    "after Holm's correction over all objectives and tasks of the table, which decides the verdict; and the minimum "
    "detectable effect (MDE), the smallest true Δ found in 80 % of such comparisons. Grey rows are baselines. Extended "
    "scores are on dev and unused training examples, without texts that recur in what was learned from; the score on "
    "dev alone is below."
)
AVERAGES_NOTE = (
    "Normalised: 0 is the majority class or chance, 100 a perfect score. Averages are over tasks, ± their jackknife "
    "standard error. Ranks are among the objectives."
)


def scores(results: Results, main: Board | None) -> Section:
    """The table of the main board, and the tasks."""
    rows = [TableRow([task["name"], task["title"]]) for task in results["tasks"]]
    blocks: list[Block] = [Paragraph(NOTE, "note"), *([score_table(main)] if main else [])]
    return Section("scores", "Scores", [*blocks, Table("Tasks", [], rows, prose=True)])


def further_scores(boards: Sequence[Board]) -> Section:
    """The tables of other settings. Each table has a correction of its own."""
    note = Paragraph("Holm's correction is over each table of its own. The answer does not depend on these.", "note")
    return Section("further", "Further scores", [note, *map(score_table, boards)])


def score_table(board: Board) -> Table:
    """Models by tasks, followed by averages over the tasks."""
    header: list[TableCell | str] = ["model"]
    for task in board.tasks:
        how = (lower(setting_title(board.settings[task])),) if len(set(board.settings.values())) > 1 else ()
        flag = (AT_CHANCE,) if task in board.floors else ()
        header.append(TableCell(task, (metric_title(board.metrics[task]), *how, *flag)))
    standings = board.standings
    if standings:
        header += [TableCell("mean", ("normalised",)), TableCell("mean rank", (f"of {len(board.objectives)}",))]
    rows = []
    for model in board.models:
        cells: list[TableCell | str] = [board.title(model)]
        own = [(model, task) in board.own_tasks for task in board.tasks]
        cells += [score_cell(board.figures.get((model, t)), o) for t, o in zip(board.tasks, own, strict=True)]
        cells += standing_cells(standings.get(model)) if standings else []
        rows.append(TableRow(cells, muted=model not in board.objectives))
    notes = [AVERAGES_NOTE] if standings else []
    if board.floors:
        notes.append(f"⚑ Left out of averages: {'; '.join(reasons_at_chance(board))}.")
    return Table(board_title(board), header, rows, " ".join(notes))


def score_cell(figure: Figure | None, own_task: bool = False) -> TableCell | str:
    """A score with its interval, Δ vs random init, p value and minimum detectable effect.

    `own_task` marks the score of an objective that trains on the task itself.
    """
    if figure is None:
        return "–"
    details = [OWN_TASK] * own_task
    details += [] if figure.interval is None else [format_interval(figure.interval.low, figure.interval.high)]
    details += [] if figure.dev is None else [f"dev {percent(figure.dev)}"]
    if figure.gap is None:
        return TableCell(percent(figure.seeds.mean), tuple(details))
    delta = figure.gap.difference
    certainty = "anecdotal" if figure.gap.p is None else f"p {p_value(figure.gap.p)}"
    mde = f"MDE {percent(delta.detectable)}" if delta.detectable < math.inf else "no MDE"
    details += [f"Δ {signed(delta.mean)} {format_interval(delta.low, delta.high, signed)}", f"{certainty}; {mde}"]
    return TableCell(percent(figure.seeds.mean), tuple(details), figure.gap.verdict)


def standing_cells(standing: Standing | None) -> list[TableCell | str]:
    """The mean normalised score and the mean rank with their standard errors."""
    if standing is None:
        return ["–", "–"]
    score, rank = standing.score, standing.rank
    cell = TableCell(percent(score.mean), (f"± {percent(score.error or 0)}",))
    return [cell, "" if rank is None else TableCell(f"{rank.mean:.1f}", (f"± {rank.error or 0:.1f}",))]


def reasons_at_chance(board: Board) -> list[str]:
    """The tasks at chance, each with the reason."""
    return [f"{task} ({reason})" for task, reason in board.floors.items()]
