"""Plots of scores, labels, losses and costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from nlp_ssl.comparison.board import Board, Figure
from nlp_ssl.comparison.results_file import Results, finished_runs, sequences
from nlp_ssl.console import duration, quantity
from nlp_ssl.report.blocks import Block, Plots, Section
from nlp_ssl.report.formats import board_title, gibibytes, list_names, lower, metric_title, percent, tick
from nlp_ssl.report.plots import Bar, Dot, Line, bars, dots, lines
from nlp_ssl.report.sections.costs import mean_cost
from nlp_ssl.report.sections.curves import label_plots, learning_plots
from nlp_ssl.report.sections.scores import AT_CHANCE
from nlp_ssl.report.svg import Style

DRAWN_POINTS = 150
"""Points of a plotted loss curve; more are invisible and make the file large."""
GREY = Style(None)
LOSSES_NOTE = (
    "Thin lines: training loss of each seed. Dots: validation loss. Losses of different objectives are not comparable."
)


def plots(results: Results, boards: Sequence[Board]) -> Section:
    """Scores with intervals, scores by labels and by tokens, losses, costs."""
    styles = {name: Style(i) for i, name in enumerate(results["question"]["objectives"])}
    blocks: list[Block] = [*score_plots(boards, styles), *label_plots(results, boards, styles)]
    blocks += learning_plots(results, styles)
    if panels := loss_panels(results, styles):
        blocks.append(Plots("Losses", panels, losses_note(results)))
    if panels := cost_panels(results, styles):
        blocks.append(Plots("Cost of pretraining", panels, "Means over seeds."))
    return Section("plots", "Plots", blocks)


def score_plots(boards: Sequence[Board], styles: dict[str, Style]) -> Iterator[Plots]:
    """Scores of the main board with intervals."""
    for board in boards[:1]:
        panels = []
        for task in board.tasks:
            rows = [
                Dot(board.title(model), figure.seeds.mean, limits(figure), styles.get(model, GREY))
                for model in board.models
                if (figure := board.figures.get((model, task)))
            ]
            flag = f" {AT_CHANCE}" if task in board.floors else ""
            panels.append(dots(f"{task}, {metric_title(board.metrics[task])}{flag}", rows, percent, tick))
        yield Plots(f"Scores: {lower(board_title(board))}", panels, "Whiskers: 95 % intervals.")


def limits(figure: Figure) -> tuple[float, float] | None:
    """The limits of a score's interval."""
    return None if figure.interval is None else (figure.interval.low, figure.interval.high)


def losses_note(results: Results) -> str:
    """How to read the losses. In a sequence they are of one objective, then of the next."""
    found = sequences(results)
    return LOSSES_NOTE + (f" Of {list_names(found)}: the loss of the objective under way." if found else "")


def loss_panels(results: Results, styles: dict[str, Style]) -> list[str]:
    """Training and validation loss of each objective."""
    panels = []
    for name, style in styles.items():
        series = []
        for run in finished_runs(results, name):
            for key, markers in (("curve", False), ("validation_curve", True)):
                measured = [point for point in run[key] if "loss" in point]
                points = measured[:: -(-len(measured) // DRAWN_POINTS) or 1]
                if points:
                    xs, ys = ([float(p[axis]) for p in points] for axis in ("tokens", "loss"))
                    series.append(Line("", xs, ys, style, markers=markers))
        if series:
            panels.append(lines(name, series, "training tokens", quantity, lambda loss: f"{loss:.3g}"))
    return panels


def cost_panels(results: Results, styles: dict[str, Style]) -> list[str]:
    """FLOPs, time and memory as bars."""
    costs: list[tuple[str, str, Callable[[float], str]]] = [
        ("FLOPs", "flops", quantity),
        ("Time", "seconds", duration),
        ("Peak memory", "peak_memory_bytes", gibibytes),
    ]
    panels = []
    for title, key, number in costs:
        means = {name: mean_cost(finished_runs(results, name), key) for name in styles}
        rows = [Bar(name, mean, number(mean), styles[name]) for name, mean in means.items() if mean is not None]
        if rows:
            panels.append(bars(title, rows))
    return panels
