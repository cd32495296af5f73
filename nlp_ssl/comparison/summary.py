"""The tables that `nlp-ssl compare` prints at its end."""

from __future__ import annotations

from collections.abc import Sequence

from nlp_ssl.comparison.analysis import Board
from nlp_ssl.comparison.results_file import Results, finished_runs
from nlp_ssl.console import duration, quantity, table

SIMPLER = {"majority": "majority", "copying": "accuracy_by_copying"}
"""Simple solutions to print beside an accuracy: name and metric key."""


def summary(results: Results, boards: Sequence[Board]) -> str:
    """Tables for the terminal: scores of the first method (fine-tuning, if there is any), and costs by objective."""
    main = [board for board in boards if board.setting.method == boards[0].setting.method]
    return "\n\n".join([*(_scores_table(board) for board in main), _costs(results)])


def _scores_table(board: Board) -> str:
    """Scores times 100, with differences from random initialisation and verdicts."""
    labels = "all labels" if board.setting.train_examples is None else f"{board.setting.train_examples:,} labels"
    header = [f"{board.setting.method}, {labels}"]
    for task in board.tasks:
        header += [task, "Δ vs random init [95 %]", "verdict"]
    rows = []
    for model in [*(m for m in board.models if m not in board.objectives), *board.objectives]:
        row = [model]
        for task in board.tasks:
            figure = board.figures.get((model, task))
            spread = None if figure is None else figure.seeds.sd or figure.seeds.finetuning_sd
            mean = "" if figure is None else f"{100 * figure.seeds.mean:.1f}"
            row.append(mean if spread is None else f"{mean} ± {100 * spread:.1f}")
            if figure is None or figure.gap is None:
                row += ["", ""]
                continue
            gap = figure.gap.difference
            row += [f"{100 * gap.mean:+.1f} [{100 * gap.low:+.1f}, {100 * gap.high:+.1f}]", figure.gap.verdict]
        rows.append(row)
    return table(header, rows)


def _costs(results: Results) -> str:
    """Validation metrics of seed 1, and mean tokens, FLOPs and time of each objective's runs."""
    rows = []
    for name in results["question"]["objectives"]:
        runs = finished_runs(results, name)
        if runs:
            means = [sum(run[key] for run in runs) / len(runs) for key in ("tokens", "flops", "seconds")]
            rows.append([name, _format_metrics(runs[0]["validation"]), *map(quantity, means[:2]), duration(means[2])])
    return table(["objective", "validation (seed 1)", "tokens", "FLOPs", "time"], rows)


def _format_metrics(metrics: dict[str, float]) -> str:
    """The main validation metrics of an objective."""
    if "bits_per_byte" in metrics:
        return f"{metrics['bits_per_byte']:.2f} bits/byte"
    shown = []
    for key, value in metrics.items():
        prefix = key.removesuffix("accuracy")
        if prefix != key:
            simple = {name: metrics.get(f"{prefix}{of}") for name, of in SIMPLER.items()}
            beside = ", ".join(f"{name} {100 * share:.1f}" for name, share in simple.items() if share is not None)
            shown.append(f"{key} {100 * value:.1f} %{f' ({beside})' if beside else ''}")
    return ", ".join(shown)
