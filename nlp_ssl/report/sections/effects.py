"""One picture of all effects: differences of objectives from their reference and from each other."""

from __future__ import annotations

from nlp_ssl.comparison.board import SIGNS, Board, Gap
from nlp_ssl.comparison.results_file import Results
from nlp_ssl.report.blocks import Block, Plots
from nlp_ssl.report.formats import signed, tick
from nlp_ssl.report.plots import Dot, dots
from nlp_ssl.report.svg import Style

MOST_PAIRED = 3
"""With more objectives, only differences from the reference are drawn."""
NOTE = (
    "Differences in percentage points with 95 % intervals. ▲ better, ▼ worse, ≈ no significant difference after Holm's "
    "correction, · one pretraining seed. Grey: one objective minus another."
)


def effects(results: Results, board: Board) -> list[Block]:
    """A panel for each task; empty without differences."""
    styles = {name: Style(i) for i, name in enumerate(results["question"]["objectives"])}
    panels = []
    for task in board.tasks:
        rows = []
        for model in board.objectives:
            figure = board.figures.get((model, task))
            if figure and figure.gap:
                rows.append(_dot(model, figure.gap, styles[model]))
        if len(board.objectives) <= MOST_PAIRED:
            between = [(pair, gap) for pair, gap in board.pairs.items() if pair[2] == task]
            rows += [_dot(f"{one} − {other}", gap, Style(None)) for (one, other, _), gap in between]
        if rows:
            references = {board.figures[m, task].reference for m in board.objectives if (m, task) in board.figures}
            against = "chance" if references == {"chance"} else "random init"
            panels.append(dots(f"{task}: Δ vs {against}", rows, signed, tick, zero=True))
    return [Plots("Effects", panels, NOTE)] if panels else []


def _dot(name: str, gap: Gap, style: Style) -> Dot:
    found = gap.difference
    return Dot(f"{name} {SIGNS[gap.verdict]}", found.mean, (found.low, found.high), style)
