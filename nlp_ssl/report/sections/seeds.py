"""How much scores vary between seeds."""

from __future__ import annotations

from collections.abc import Sequence

from nlp_ssl.comparison.board import Board, Figure
from nlp_ssl.report.blocks import Paragraph, Section, Table, TableRow
from nlp_ssl.report.formats import board_title, percent

NOTE = (
    "Median over pretraining seeds (over fine-tuning seeds if there is one), ± standard deviation between pretraining "
    "seeds, each averaged over its fine-tuning seeds, ± standard deviation between fine-tuning seeds."
)


def seeds(boards: Sequence[Board]) -> Section:
    """A table for each board; baselines without a network have no seeds."""
    tables = []
    for board in boards:
        rows = [
            TableRow(
                [board.title(model), *(seeds_cell(board.figures.get((model, task))) for task in board.tasks)],
                muted=model not in board.objectives,
            )
            for model in board.models
            if model in board.objectives or model not in board.text_baselines
        ]
        tables.append(Table(board_title(board), ["model", *board.tasks], rows))
    return Section("seeds", "Variation between seeds", [Paragraph(NOTE, "note"), *tables])


def seeds_cell(figure: Figure | None) -> str:
    """Median and standard deviations: "71.2 ± 0.8 ± 0.4"."""
    if figure is None:
        return "–"
    deviations = (figure.seeds.sd, figure.seeds.finetuning_sd)
    return " ± ".join([percent(figure.seeds.median), *("–" if sd is None else percent(sd) for sd in deviations)])
