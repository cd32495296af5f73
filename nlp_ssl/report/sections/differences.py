"""Every difference with its statistics, beside the multi-bootstrap of the MultiBERTs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nlp_ssl.comparison.board import Board, Gap
from nlp_ssl.csv_files import csv_text
from nlp_ssl.report.blocks import Paragraph, Section, Table, TableCell, TableRow
from nlp_ssl.report.formats import format_interval, p_value, signed
from nlp_ssl.statistics.multi_bootstrap import RESAMPLES

NOTE = (
    "Δ is the first model minus the second, in points, with its 95 % interval and its p value after Holm's correction. "
    f"The multi-bootstrap (Sellam et al., 2022, section 3; {RESAMPLES:,} resamples) has a percentile interval and a "
    "one-sided p value without correction. It covers too little with few seeds, so it decides no verdict. The "
    "differences of all tables are in differences.csv."
)
COLUMNS = (
    *("table", "method", "variant", "train_examples", "task", "metric", "model", "other", "difference", "low", "high"),
    *("p", "p_holm", "detectable", "verdict", "multi_bootstrap_low", "multi_bootstrap_high", "multi_bootstrap_p"),
)
"""Columns of differences.csv; scores are fractions. The table is "main" or "setting": each has its own correction."""


def differences(board: Board) -> Section:
    """The differences of the main board, from random initialisation or chance and between objectives."""
    rows = []
    for (one, other, task), gap in _all(board):
        delta, resampled = gap.difference, gap.bootstrap
        corrected, uncorrected = "anecdotal", "anecdotal"
        if gap.p is not None:
            corrected, uncorrected = f"p {p_value(gap.p)}", f"p {p_value(resampled.p)}"
        found = TableCell(
            f"{signed(delta.mean)} {format_interval(delta.low, delta.high, signed)}", (corrected,), gap.verdict
        )
        bootstrap = TableCell(format_interval(resampled.low, resampled.high, signed), (uncorrected,))
        rows.append(TableRow([f"{board.title(one)} − {board.title(other)}", task, found, bootstrap]))
    header = ["", "task", "Δ", "multi-bootstrap"]
    table = Table("", header, rows)
    return Section("differences", "Differences in detail", [Paragraph(NOTE, "note"), table])


def differences_csv(boards: Sequence[Board]) -> str:
    """Every difference of every board on a line; values that do not apply are empty, such as p for one seed."""
    lines = []
    for board in boards:
        name = "setting" if board.setting else "main"
        for (one, other, task), gap in _all(board):
            setting, delta, resampled = board.settings[task], gap.difference, gap.bootstrap
            lines.append(
                [
                    *(
                        name,
                        setting.method,
                        setting.variant,
                        setting.train_examples,
                        task,
                        board.metrics[task],
                        one,
                        other,
                    ),
                    *(delta.mean, delta.low, delta.high, delta.p, gap.p, delta.detectable, gap.verdict),
                    *(resampled.low, resampled.high, None if gap.p is None else resampled.p),
                ]
            )
    return csv_text(COLUMNS, lines)


def _all(board: Board) -> Iterator[tuple[tuple[str, str, str], Gap]]:
    for (model, task), figure in board.figures.items():
        if figure.gap is not None and figure.reference is not None and task in board.tasks:
            yield (model, figure.reference, task), figure.gap
    yield from board.pairs.items()
