"""The tables that `nlp-ssl compare` prints at its end."""

from __future__ import annotations

from collections.abc import Sequence

from nlp_ssl.comparison.board import SIGNS, Board, Figure
from nlp_ssl.comparison.results_file import Results, finished_runs
from nlp_ssl.console import duration, quantity, table
from nlp_ssl.sampling.references import LEARNED, OF_BYTES, TRIGRAM

OWN_TASK = "*"
SIMPLER = {"majority": "majority", "copying": "accuracy_by_copying"}
"""Simple solutions to print beside an accuracy: name and metric key."""
LEGEND = (
    "In brackets: difference from random initialisation, or from chance for {} tasks; "
    "▲ better, ▼ worse, ≈ no significant difference."
)


def summary(results: Results, boards: Sequence[Board]) -> str:
    """Tables for the terminal: scores of the main board, and costs by objective."""
    return f"{_scores_table(boards[0])}\n{LEGEND.format(boards[0].untrained)}\n\n{_costs(results)}"


def _scores_table(board: Board) -> str:
    """Scores of each task times 100, with Δ and its sign, and the best simple baseline."""
    rows = []
    for task in board.tasks:
        setting = board.settings[task]
        labels = (
            ""
            if setting.train_examples is None
            else f", {setting.train_examples:,} label{'s' * (setting.train_examples != 1)}"
        )
        row = [task, f"{setting.method}{labels}"]
        for model in board.objectives:
            figure = board.figures.get((model, task))
            mark = OWN_TASK if (model, task) in board.own_tasks else ""
            row.append("" if figure is None else _score(figure) + mark)
        simple = [(f.seeds.mean, m) for m in board.text_baselines if (f := board.figures.get((m, task)))]
        row += [f"{100 * score:.1f}  {board.title(model)}" for score, model in [max(simple)]] if simple else [""]
        rows.append(row)
    note = f"\n{OWN_TASK} trained on this task itself" if board.own_tasks else ""
    return table(["task", "scored by", *board.objectives, "best simple baseline"], rows) + note


def _score(figure: Figure) -> str:
    """A score, with Δ and its sign: "58.1 (+6.1 ▲)"."""
    score = f"{100 * figure.seeds.mean:.1f}"
    if figure.gap is None:
        return score
    return f"{score} ({100 * figure.gap.difference.mean:+.1f} {SIGNS[figure.gap.verdict]})"


def _costs(results: Results) -> str:
    """Validation metrics of the first seed, and mean tokens, FLOPs and time of each objective's runs."""
    rows = []
    for name in results["question"]["objectives"]:
        runs = finished_runs(results, name)
        if runs:
            means = [sum(run[key] for run in runs) / len(runs) for key in ("tokens", "flops", "seconds")]
            metrics = [run["validation"] for run in runs]
            cost = [*map(quantity, means[:2]), duration(means[2])]
            rows.append([name, _format_metrics(metrics[0]), _learned(metrics), *cost])
    return table(["objective", "validation (first seed)", "learned", "tokens", "FLOPs", "time"], rows)


def _learned(runs: Sequence[dict[str, float]]) -> str:
    """Whether runs are better than a predictor that has learned nothing, on each of their losses."""
    found = [[value for key, value in run.items() if key.rpartition(" ")[2] == LEARNED] for run in runs]
    known = [all(of_run) for of_run in found if of_run]
    if not known:
        return ""
    return {0: "no", len(known): "yes"}.get(sum(known), f"{sum(known)} of {len(known)}")


def _format_metrics(metrics: dict[str, float]) -> str:
    """The main validation metrics of an objective."""
    if "bits_per_byte" in metrics:
        trigrams = metrics.get(OF_BYTES[TRIGRAM])
        beside = "" if trigrams is None else f" (trigrams {trigrams:.2f})"
        return f"{metrics['bits_per_byte']:.2f} bits/byte{beside}"
    shown = []
    for key, value in metrics.items():
        prefix = key.removesuffix("accuracy")
        if prefix != key:
            simple = {name: metrics.get(f"{prefix}{of}") for name, of in SIMPLER.items()}
            beside = ", ".join(f"{name} {100 * share:.1f}" for name, share in simple.items() if share is not None)
            shown.append(f"{key} {100 * value:.1f} %{f' ({beside})' if beside else ''}")
    return ", ".join(shown)
