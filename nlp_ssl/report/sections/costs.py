"""What each objective cost, and how equal the budgets were."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nlp_ssl.comparison.results_file import Results, finished_runs
from nlp_ssl.console import duration, quantity
from nlp_ssl.report.blocks import Paragraph, Section, Table, TableCell, TableRow
from nlp_ssl.report.formats import BUDGETS, capital, gibibytes, list_names, times

MOST_UNEVEN = 1.05
"""Above this ratio of the largest to the smallest, budgets count as unequal."""
NOTE = "Means over the finished runs. Learning-rate tuning is not included."
WITHOUT_EMBEDDINGS = "without_embeddings"


def costs(results: Results) -> Section:
    """A sentence on equality, and a table of costs by objective."""
    held = results["question"]["held_equal"]
    columns: list[tuple[str, str, Callable[[float], str]]] = [
        *((key, name, number) for key, (name, number) in BUDGETS.items()),
        ("parameters", "parameters", quantity),
        (WITHOUT_EMBEDDINGS, "without embeddings", quantity),
        ("peak_memory_bytes", "peak memory", gibibytes),
    ]
    tuned = any(run.get("tuning") for run in finished_runs(results))
    rows = []
    for name in results["question"]["objectives"]:
        runs = finished_runs(results, name)
        cells: list[TableCell | str] = [name, str(len(runs))]
        for key, _, number in columns:
            mean = mean_cost(runs, key)
            cells.append("–" if mean is None else number(mean))
        rows.append(TableRow([*cells, tuning_cell(runs)] if tuned else cells))
    header: list[TableCell | str] = ["objective", "runs"]
    header += [TableCell(name, ("held equal",)) if key == held else name for key, name, _ in columns]
    header += [TableCell("learning rate", ("selected; tuning cost",))] if tuned else []
    return Section("costs", "Costs", [equality(results), Table("", header, rows, NOTE)])


def equality(results: Results) -> Paragraph:
    """Which budgets were equal; a warning if the one held equal was not."""
    held = results["question"]["held_equal"]
    ratios = {key: unevenness(results, key) for key in BUDGETS}
    unequal = ratios[held] > MOST_UNEVEN
    if unequal:
        sentences = [f"{should_be_equal(held)}, but the largest is {times(ratios[held])} the smallest."]
    else:
        sentences = [f"Held equal: {BUDGETS[held][0]}, within {100 * (ratios[held] - 1):.1f} %."]
    others = [key for key in BUDGETS if key != held]
    different = list_names(
        [f"{BUDGETS[key][0]} by up to {times(ratios[key])}" for key in others if ratios[key] > MOST_UNEVEN]
    )
    similar = list_names([BUDGETS[key][0] for key in others if ratios[key] <= MOST_UNEVEN])
    sentences += [f"Different: {different}."] if different else []
    sentences += [f"Equal within 5 % by chance: {similar}."] if similar else []
    return Paragraph(" ".join(sentences), "warning" if unequal else "plain")


def should_be_equal(held: str) -> str:
    """The beginning of a sentence on a budget that was not equal."""
    return f"{capital(BUDGETS[held][0])} should be equal"


def unevenness(results: Results, key: str) -> float:
    """The largest of the finished runs' costs over the smallest."""
    values = [run[key] for run in finished_runs(results) if run[key]]
    return max(values) / min(values) if values else 1.0


def mean_cost(runs: Sequence[dict[str, Any]], key: str) -> float | None:
    """The mean over runs that report the cost; None if none does."""
    if key == WITHOUT_EMBEDDINGS:
        values = [run["parameters"] - run["embedding_parameters"] for run in runs]
    else:
        values = [run[key] for run in runs if run[key] is not None]
    return float(np.mean(values)) if values else None


def tuning_cell(runs: Sequence[dict[str, Any]]) -> TableCell | str:
    """The selected learning rates, those tried, and the cost of trying."""
    tuned = [run["tuning"] for run in runs if run.get("tuning")]
    if not tuned:
        return "–"
    chosen = list_names([f"{rate:g}" for rate in dict.fromkeys(t["chosen"] for t in tuned)])
    tried = ", ".join(f"{t['learning_rate']:g}" for t in tuned[0]["tried"])
    cost = f"{quantity(sum(t['tokens'] for t in tuned))} tokens, {duration(sum(t['seconds'] for t in tuned))}"
    return TableCell(chosen, (f"of {tried}", cost))
