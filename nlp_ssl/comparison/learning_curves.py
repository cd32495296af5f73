"""Learning curves: scores of snapshots taken during pretraining."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nlp_ssl.comparison.results_file import Results, Setting, finished_runs, setting_of, verdict_metrics


@dataclass(frozen=True)
class Curve:
    """Scores during the runs of an objective: mean, minimum and maximum over seeds at each point."""

    model: str
    tokens: list[float]
    flops: list[float]
    mean: list[float]
    low: list[float]
    high: list[float]


def learning_curves(results: Results) -> dict[tuple[Setting, str], list[Curve]]:
    """Curves by setting and task, from the scores of snapshots and of final models."""
    groups: dict[tuple[Setting, str], dict[str, dict[int, dict[int | None, list[float]]]]] = {}
    metrics = verdict_metrics(results)
    scores = [
        s
        for s in results["scores"]
        if s["role"] == "objective" and s["metric"] == metrics[s["task"], s["train_examples"]]
    ]
    with_snapshots = {(setting_of(s), s["task"]) for s in scores if s["tokens"]}
    runs = {(run["objective"], run["seed"]): run for run in finished_runs(results)}
    for s in scores:
        # 0 tokens is random initialisation, which a logarithmic axis cannot show.
        if (
            (setting_of(s), s["task"]) in with_snapshots
            and s["tokens"] != 0
            and (s["model"], s["pretraining_seed"]) in runs
        ):
            seeds = groups.setdefault((setting_of(s), s["task"]), {}).setdefault(s["model"], {})
            seeds.setdefault(s["pretraining_seed"], {}).setdefault(s["tokens"], []).append(s["score"])
    return {
        key: [_curve(model, [(runs[model, seed], at) for seed, at in seeds.items()]) for model, seeds in models.items()]
        for key, models in groups.items()
    }


def _curve(model: str, seeds: Sequence[tuple[dict[str, Any], dict[int | None, list[float]]]]) -> Curve:
    """One curve from each seed's run and its scores by number of tokens (None: the final model)."""
    tokens, flops, scores = [], [], []
    for run, at in seeds:
        read = sorted((run["tokens"] if n is None else n, float(np.mean(values))) for n, values in at.items())
        known = [0, *(p["tokens"] for p in run["curve"]), run["tokens"]]
        spent = [0.0, *(p["flops"] for p in run["curve"]), run["flops"]]
        tokens.append([float(n) for n, _ in read])
        flops.append(np.interp(tokens[-1], known, spent))
        scores.append([score for _, score in read])
    shared = min(map(len, scores))  # seeds may differ in their number of snapshots
    by_seed = np.array([s[:shared] for s in scores])  # [seeds, points]
    return Curve(
        model,
        np.mean([t[:shared] for t in tokens], axis=0).tolist(),
        np.mean([f[:shared] for f in flops], axis=0).tolist(),
        by_seed.mean(0).tolist(),
        by_seed.min(0).tolist(),
        by_seed.max(0).tolist(),
    )
