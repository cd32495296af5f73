"""Plots of scores against labelled examples and against pretraining."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nlp_ssl.comparison.board import Board
from nlp_ssl.comparison.learning_curves import learning_curves
from nlp_ssl.comparison.results_file import Results
from nlp_ssl.console import quantity
from nlp_ssl.report.blocks import Plots
from nlp_ssl.report.formats import METHOD_TITLES, lower, setting_title, tick
from nlp_ssl.report.plots import Line, lines
from nlp_ssl.report.svg import COLOURS, Style

NOT_LEARNING = ("majority", "random vectors")
"""Baselines that labels hardly change."""


def label_plots(results: Results, boards: Sequence[Board], styles: dict[str, Style]) -> Iterator[Plots]:
    """Scores by number of labelled examples, for methods that were scored on several numbers."""
    labels = {task["name"]: task["examples"]["train"] for task in results["tasks"] if "train" in task["examples"]}
    for method in ("finetune", "probe", "knn"):
        chosen = [(b.setting.train_examples, b) for b in boards if b.setting and b.setting.method == method]
        if len(chosen) < 2:
            continue
        panels = [_label_panel(task, chosen, labels[task], styles) for task in chosen[0][1].tasks if task in labels]
        if panels:
            yield Plots(f"Scores by number of labels: {lower(METHOD_TITLES[method])}", panels)


def _label_panel(
    task: str, boards: Sequence[tuple[int | None, Board]], all_labels: int, styles: dict[str, Style]
) -> str:
    found = [(n or all_labels, board) for n, board in boards if task in board.tasks]
    found.sort(key=lambda entry: entry[0])
    series = []
    for model in dict.fromkeys(model for _, board in found for model in board.models):
        points = [(n, figure) for n, board in found if (figure := board.figures.get((model, task)))]
        if points and model not in NOT_LEARNING:
            # On dev alone, because there is no extended split with all labels.
            ys = [figure.seeds.mean if figure.dev is None else figure.dev for _, figure in points]
            xs = [float(n) for n, _ in points]
            series.append(Line(found[0][1].title(model), xs, ys, styles.get(model, Style(None))))
    marks = [(float(n), quantity(n)) for n, _ in found]
    return lines(task, series, "labelled examples", quantity, tick, log_x=True, x_marks=marks)


def learning_plots(results: Results, styles: dict[str, Style]) -> Iterator[Plots]:
    """Scores during pretraining, by tokens and by FLOPs."""
    found = learning_curves(results)
    bands = len(styles) <= len(COLOURS)  # more bands would hide each other
    note = "Means over seeds." + " Bands: lowest and highest seed." * bands
    for setting in dict.fromkeys(setting for setting, _ in found):
        for axis, label in (("tokens", "training tokens"), ("flops", "training FLOPs")):
            panels = []
            for task in (task for s, task in found if s == setting):
                series = []
                for curve in found[setting, task]:
                    xs = curve.tokens if axis == "tokens" else curve.flops
                    band = (curve.low, curve.high) if bands else None
                    series.append(Line(curve.model, xs, curve.mean, styles[curve.model], band))
                panels.append(lines(task, series, label, quantity, tick, log_x=True))
            unit = "tokens" if axis == "tokens" else "FLOPs"
            yield Plots(f"Learning curves by {unit}: {lower(setting_title(setting))}", panels, note)
