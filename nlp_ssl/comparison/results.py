"""results.json: what a comparison has found, from its finished cells.

Everything that is said of a comparison (means, intervals, verdicts, plots) is computed from this file and the .npz
files that it names. Scores are fractions, times seconds; paths are relative to the comparison's folder; what does not
apply is null.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from nlp_ssl import recipe as recipes
from nlp_ssl.comparison.grid import Cell, Grid, LabelledTask, Pairs, best, rate_of
from nlp_ssl.console import duration, quantity, table
from nlp_ssl.downstream.scores import score_name
from nlp_ssl.recipe import Budget
from nlp_ssl.training.run import LIBRARIES

FORMAT = 1
COLUMNS = (
    *("model", "role", "pretraining_seed", "tokens", "task", "train_examples", "method", "variant"),
    *("finetuning_seed", "metric", "score", "outputs"),
)
"""Of a line of scores, which is the only place where scores are."""

MOST_POINTS = 200
"""Points of a learning curve that are kept, evenly spread."""


def results(grid: Grid, command: str) -> dict[str, Any]:
    """The content of results.json. `command` is the one that made it."""
    cells = grid.cells()
    found = [(cell, facts) for cell in cells if (facts := cell.facts) is not None]
    run_cells = [grid.run(name, seed) for seed in range(1, grid.seeds + 1) for name in grid.recipes]
    devices = sorted({facts["device"] for _, facts in found if "device" in facts})
    return {
        "format": FORMAT,
        "question": _question(grid),
        "corpus": _corpus(grid),
        "objectives": [
            {
                "name": name,
                "paper": recipe.mixture.paper,
                "body": recipe.mixture.body,
                "recipe": recipes.dump(recipe),
                "shown": (grid.show(name).facts or {"shown": []})["shown"],
            }
            for name, recipe in grid.recipes.items()
        ],
        "runs": [_run(grid, cell) for cell in run_cells],
        "tasks": [*(_task(grid, task) for task in grid.tasks), *(_pairs(pairs, found) for pairs in grid.pairs)],
        "scores": _scores(grid, found),
        "matrix": [
            {key: cell.about[key] for key in ("model", "pretraining_seed", "on")} | {"figures": facts["figures"]}
            for cell, facts in found
            if cell.kind == "evaluate"
        ],
        "failures": [
            {"cell": cell.name, "error": cell.error} for cell in cells if not cell.done and cell.error is not None
        ],
        "commands": [command, *(cell.command for cell, _ in found if isinstance(cell.arguments[0], list))],
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
        | {"source": ", ".join(sorted({facts["source"] for _, facts in found}))},
        "machine": {
            "cores": os.cpu_count(),
            "device": ", ".join(devices) or None,
            "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            "system": platform.platform(),
        },
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _question(grid: Grid) -> dict[str, Any]:
    first = next(iter(grid.recipes.values()))
    return {
        "objectives": list(grid.recipes),
        "seeds": list(range(1, grid.seeds + 1)),
        "tasks": [task.task.name for task in grid.tasks],
        "train_examples": list(grid.train_examples),
        "budget": first.budget,
        "held_equal": Budget.parse(first.budget).unit,
        "size": ", ".join(dict.fromkeys(recipe.model.size for recipe in grid.recipes.values())),
        "finetune_seeds": grid.finetune_seeds,
    }


def _corpus(grid: Grid) -> dict[str, Any]:
    corpus, counts = grid.corpus, grid.corpus.counts["train"]
    return {
        "name": corpus.folder.resolve().name,
        "fingerprint": corpus.fingerprint,
        "language": corpus.manifest.get("language", "en"),
        **vars(counts),
        "vocab_size": corpus.vocab_size,
    }


def _run(grid: Grid, cell: Cell) -> dict[str, Any]:
    """A pretraining run; of one that has failed, why."""
    facts = cell.facts
    name, seed = cell.about["model"], cell.about["pretraining_seed"]
    run = {
        "objective": name,
        "seed": seed,
        "status": "done" if facts else "failed",
        "error": None if facts else cell.error or "its learning rate could not be chosen: no pilot has finished",
        "folder": None,
        **dict.fromkeys(("steps", "tokens", "targets", "flops", "seconds", "parameters", "embedding_parameters")),
        **dict.fromkeys(("peak_memory_bytes", "device", "precision")),
        "tuning": _tuning(grid.pilots(name)),
        "held_out": {},
        "curve": [],
        "held_out_curve": [],
    }
    if facts is None:
        return run
    run |= {
        key: facts[key] for key in run.keys() & facts.keys() - {"objective"}
    }  # a recipe's name, not its objectives'
    folder = cell.folder / "run"
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    so_far = ("step", "tokens", "flops")
    curve = [{key: line[key] for key in (*so_far, "loss")} for line in lines if line["event"] == "train"]
    left_out = {"event", "targets", "seconds"}
    held_out = [
        {key: value for key, value in line.items() if key not in left_out}
        for line in lines
        if line["event"] == "evaluate"
    ]
    last = {"step": facts["steps"], "tokens": facts["tokens"], "flops": facts["flops"], **facts["held_out"]}
    return run | {
        "folder": str(folder.relative_to(grid.out)),
        "seconds": facts["training_seconds"],
        "curve": _thinned(curve),
        "held_out_curve": [*held_out, last] if facts["held_out"] else [],
    }


def _thinned(curve: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """At most `MOST_POINTS` of the points, the last one among them."""
    every = -(-len(curve) // MOST_POINTS) or 1
    return list(curve[::-1][::every][::-1])


def _tuning(pilots: Sequence[Cell]) -> dict[str, Any] | None:
    """What the learning rate was chosen from, and what that cost."""
    done = [(pilot, facts) for pilot in pilots if (facts := pilot.facts) is not None]
    chosen = best(pilots)
    if chosen is None:
        return None
    return {
        "tried": [{"learning_rate": rate_of(pilot), "loss": facts["held_out"]["loss"]} for pilot, facts in done],
        "chosen": rate_of(chosen),
        "tokens": sum(facts["tokens"] for _, facts in done),
        "seconds": sum(facts["training_seconds"] for _, facts in done),
    }


def _task(grid: Grid, task: LabelledTask) -> dict[str, Any]:
    facts = grid.overlap(task).facts
    return {
        "name": task.task.name,
        "title": task.task.title,
        "metric": score_name(task.task, task.task.metrics[0], task.task.evaluation_splits[0]),
        "kind": task.task.kind,
        "labels": list(task.labels),
        "examples": dict(task.counts),
        "chance": _chance(task),
        "overlap": facts["overlap"] if facts else {},
    }


def _pairs(pairs: Pairs, found: Sequence[tuple[Cell, dict[str, Any]]]) -> dict[str, Any]:
    """Minimal pairs, as a task."""
    counts = [facts["pairs"] for cell, facts in found if cell.about.get("task") == pairs.name and "pairs" in facts]
    return {
        "name": pairs.name,
        "title": "Minimal pairs: which of two sentences is likelier, without any training",
        "metric": "accuracy",
        "kind": "minimal pairs",
        "labels": [],
        "examples": {"dev": counts[0]} if counts else {},
        "chance": 0.5,
        "overlap": {},
    }


def _chance(task: LabelledTask) -> float | None:
    """What the first metric expects of guessing: one in so many classes, no correlation; F1 depends on the guess."""
    metric = task.task.metrics[0]
    if metric == "accuracy":
        return 1 / len(task.labels)
    return 0.0 if metric in ("matthews", "pearson", "spearman") else None


def _scores(grid: Grid, found: Sequence[tuple[Cell, dict[str, Any]]]) -> list[dict[str, Any]]:
    """All lines of scores; a baseline that several cells have is there once."""
    lines: dict[tuple[Any, ...], dict[str, Any]] = {}
    for cell, facts in found:
        for line in facts.get("scores", []):
            of_run = line["key"] == "pretrained"
            names = {
                "random": "random vectors",
                "untrained": cell.about.get("untrained"),
                "pretrained": cell.about["model"],
            }
            known = {
                "model": names.get(line["key"], line["key"]),
                "role": "objective" if of_run else "baseline",
                "pretraining_seed": cell.about["pretraining_seed"] if of_run else None,
                "task": cell.about["task"],
                "train_examples": cell.about["train_examples"],
            }
            outputs = str((cell.folder / line["outputs"]).relative_to(grid.out))
            whole = {column: {**line, **known, "outputs": outputs}.get(column) for column in COLUMNS}
            lines.setdefault(tuple(whole[column] for column in COLUMNS if column not in ("score", "outputs")), whole)
    return list(lines.values())


# --- for people ---


def summary(found: dict[str, Any]) -> str:
    """The scores in hundredths, mean and spread over pretraining seeds (over networks, for a baseline); the cost."""
    columns = list(dict.fromkeys((s["task"], s["train_examples"]) for s in found["scores"]))
    metric = {task["name"]: task["metric"] for task in found["tasks"]}
    baselines = [s["model"] for s in found["scores"] if s["role"] == "baseline" and s["method"] == "finetune"]
    models = [*dict.fromkeys(baselines), *found["question"]["objectives"]]
    header = ["model", *(f"{task} ({'all' if n is None else n})" for task, n in columns)]
    header += ["held-out loss", "tokens", "FLOPs", "time"]
    rows = []
    for model in models:
        cells = [model]
        for task, n in columns:
            by_seed: dict[Any, list[float]] = {}
            for line in found["scores"]:
                where = (line["model"], line["task"], line["train_examples"], line["method"], line["metric"])
                if where in [(model, task, n, method, metric[task]) for method in ("finetune", "zero-shot")]:
                    seed = line["pretraining_seed"] if line["role"] == "objective" else line["finetuning_seed"]
                    by_seed.setdefault(seed, []).append(line["score"])
            cells.append(_spread([sum(scores) / len(scores) for scores in by_seed.values()]))
        runs = [run for run in found["runs"] if run["objective"] == model and run["status"] == "done"]
        rows.append([*cells, *_costs(runs)])
    return table(header, rows)


def _spread(values: Sequence[float]) -> str:
    if not values:
        return ""
    mean = sum(values) / len(values)
    if len(values) == 1:
        return f"{100 * mean:.1f}"
    sd = (sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5
    return f"{100 * mean:.1f} ± {100 * sd:.1f}"


def _costs(runs: Sequence[dict[str, Any]]) -> list[str]:
    """Held-out loss, tokens, FLOPs and time of an objective's runs, in the mean."""
    if not runs:
        return [""] * 4
    losses = [run["held_out"]["loss"] for run in runs if run["held_out"]]
    tokens, flops, seconds = (sum(run[key] for run in runs) / len(runs) for key in ("tokens", "flops", "seconds"))
    loss = f"{sum(losses) / len(losses):.3f}" if losses else ""
    return [loss, quantity(tokens), quantity(flops), duration(seconds)]
