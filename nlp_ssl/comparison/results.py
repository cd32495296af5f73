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
from nlp_ssl.comparison.analysis import COLUMNS, FORMAT, Board
from nlp_ssl.comparison.plan import Job, LabelledTask, Pairs, Plan, best, rate_of
from nlp_ssl.console import duration, quantity, table
from nlp_ssl.evaluation.finetune import best_of
from nlp_ssl.evaluation.scores import score_name
from nlp_ssl.recipe import Budget
from nlp_ssl.tasks.metrics import CORRELATIONS
from nlp_ssl.training.run_folder import LIBRARIES

MOST_POINTS = 200
"""Points of a learning curve that are kept, evenly spread."""


SIMPLER = {"majority": "majority", "copying": "accuracy_by_copying"}
"""What an accuracy is to be compared with: how it is called, and its key."""

MINIMAL = {
    "title": "Minimal pairs: which of two sentences is likelier, without any training",
    "kind": "minimal pairs",
    "metric": "accuracy",
    "chance": 0.5,
}
WORDS = {
    "title": "Word pairs: how the likeness of word vectors agrees with people's judgement",
    "kind": "word pairs",
    "metric": "spearman",
    "chance": 0.0,
}


def results(grid: Plan, command: str) -> dict[str, Any]:
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
                "untrained": grid.untrained(name),
                "recipe": recipes.dump(recipe),
                "shown": (grid.show(name).facts or {"shown": []})["shown"],
            }
            for name, recipe in grid.recipes.items()
        ],
        "runs": [_run(grid, cell) for cell in run_cells],
        "tasks": [
            *(_task(grid, task) for task in grid.tasks),
            *(_pairs(pairs, found, MINIMAL) for pairs in grid.pairs),
            *(_pairs(pairs, found, WORDS) for pairs in grid.word_pairs),
        ],
        "scores": _scores(grid, found),
        "choices": _choices(found),
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


def _question(grid: Plan) -> dict[str, Any]:
    first = next(iter(grid.recipes.values()))
    unit = Budget.parse(first.budget).unit
    return {
        "objectives": list(grid.recipes),
        "seeds": list(range(1, grid.seeds + 1)),
        "tasks": [task.task.name for task in grid.tasks],
        "train_examples": list(grid.train_examples),
        "budget": first.budget,
        "held_equal": {"minutes": "seconds"}.get(unit, unit),
        "size": ", ".join(dict.fromkeys(recipe.model.size for recipe in grid.recipes.values())),
        "finetune_seeds": grid.finetune_seeds,
    }


def _corpus(grid: Plan) -> dict[str, Any]:
    corpus, counts = grid.corpus, grid.corpus.counts["train"]
    return {
        "name": corpus.folder.resolve().name,
        "fingerprint": corpus.fingerprint,
        "language": corpus.manifest.get("language", "en"),
        **vars(counts),
        "vocab_size": corpus.vocab_size,
    }


def _run(grid: Plan, cell: Job) -> dict[str, Any]:
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
        "validation": {},
        "curve": [],
        "validation_curve": [],
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
    last = {"step": facts["steps"], "tokens": facts["tokens"], "flops": facts["flops"], **facts["validation"]}
    return run | {
        "folder": str(folder.relative_to(grid.out)),
        "seconds": facts["training_seconds"],
        "curve": _thinned(curve),
        "validation_curve": [*held_out, last] if facts["validation"] else [],
    }


def _thinned(curve: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """At most `MOST_POINTS` of the points, the last one among them."""
    every = -(-len(curve) // MOST_POINTS) or 1
    return list(curve[::-1][::every][::-1])


def _tuning(pilots: Sequence[Job]) -> dict[str, Any] | None:
    """What the learning rate was chosen from, and what that cost."""
    done = [(pilot, facts) for pilot in pilots if (facts := pilot.facts) is not None]
    chosen = best(pilots)
    if chosen is None:
        return None
    return {
        "tried": [{"learning_rate": rate_of(pilot), "loss": facts["validation"]["loss"]} for pilot, facts in done],
        "chosen": rate_of(chosen),
        "tokens": sum(facts["tokens"] for _, facts in done),
        "seconds": sum(facts["training_seconds"] for _, facts in done),
    }


def _task(grid: Plan, task: LabelledTask) -> dict[str, Any]:
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


def _pairs(pairs: Pairs, found: Sequence[tuple[Job, dict[str, Any]]], of: dict[str, Any]) -> dict[str, Any]:
    """Pairs of a kind, as a task."""
    counts = [facts["pairs"] for cell, facts in found if cell.about.get("task") == pairs.name and "pairs" in facts]
    return {
        "name": pairs.name,
        **of,
        "labels": [],
        "examples": {"dev": counts[0]} if counts else {},
        "overlap": {},
    }


def _chance(task: LabelledTask) -> float | None:
    """What the first metric expects of guessing: one in so many classes, no correlation; F1 depends on the guess."""
    metric = task.task.metrics[0]
    if metric == "accuracy":
        return 1 / len(task.labels)
    return 0.0 if metric in CORRELATIONS else None


def _scores(grid: Plan, found: Sequence[tuple[Job, dict[str, Any]]]) -> list[dict[str, Any]]:
    """All lines of scores; a baseline that several cells have is there once."""
    lines: dict[tuple[Any, ...], dict[str, Any]] = {}
    for cell, facts in found:
        for line in facts.get("scores", []):
            of_run = line["key"] == "pretrained"
            names = {
                "random": "random vectors",
                "random_init": cell.about.get("untrained"),
                "pretrained": cell.about["model"],
            }
            known = {
                "model": names.get(line["key"], line["key"]),
                "role": "objective" if of_run else "baseline",
                "pretraining_seed": cell.about["pretraining_seed"] if line["key"] in names else None,
                "tokens": _tokens_at(cell),
                "task": cell.about["task"],
                "train_examples": cell.about["train_examples"],
            }
            outputs = str((cell.folder / line["outputs"]).relative_to(grid.out))
            whole = {column: {**line, **known, "outputs": outputs}.get(column) for column in COLUMNS}
            lines.setdefault(tuple(whole[column] for column in COLUMNS if column not in ("score", "outputs")), whole)
    return list(lines.values())


def _choices(found: Sequence[tuple[Job, dict[str, Any]]]) -> list[dict[str, Any]]:
    """What each network was fine-tuned with, and the best of each learning rate on held-out examples of train.

    A network that several cells have is there once; cells of before choices were noted have none.
    """
    entries: dict[tuple[Any, ...], dict[str, Any]] = {}
    for cell, facts in found:
        for choice in facts.get("choices", []):
            model = cell.about["model" if choice["key"] == "pretrained" else "untrained"]
            of = {"model": model, **{key: cell.about[key] for key in ("pretraining_seed", "task", "train_examples")}}
            rates = dict.fromkeys(tried["learning_rate"] for tried in choice["tried"])
            entries.setdefault(
                tuple(of.values()),
                {
                    **of,
                    "examples": choice["examples"],
                    "learning_rate": choice["learning_rate"],
                    "epochs": choice["epochs"],
                    "tried": [best_of([t for t in choice["tried"] if t["learning_rate"] == rate]) for rate in rates],
                },
            )
    return list(entries.values())


def _tokens_at(cell: Job) -> int | None:
    """What the model of a snapshot had read; None for the model at the end."""
    snapshot = cell.about.get("snapshot")
    if snapshot is None:
        return None
    (run,) = cell.needs
    assert run.facts is not None
    tokens: int = run.facts["snapshots"][snapshot]
    return tokens


# --- for people ---


def summary(found: dict[str, Any], boards: Sequence[Board]) -> str:
    """The tables of fine-tuning (or of what there is instead) in plain text, and what each objective cost."""
    main = [board for board in boards if board.setting.method == boards[0].setting.method]
    return "\n\n".join([*(_scores_table(board) for board in main), _costs(found)])


def _scores_table(board: Board) -> str:
    """Scores in hundredths, with their difference from the same network untrained, and the verdict."""
    labels = "all labels" if board.setting.train_examples is None else f"{board.setting.train_examples:,} labels"
    header = [f"{board.setting.method}, {labels}"]
    for task in board.tasks:
        header += [task, "less untrained [95 %]", "verdict"]
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


def _costs(found: dict[str, Any]) -> str:
    """Held-out figures, tokens, FLOPs and time of each objective's runs, in the mean."""
    rows = []
    for name in found["question"]["objectives"]:
        runs = [run for run in found["runs"] if run["objective"] == name and run["status"] == "done"]
        if runs:
            means = [sum(run[key] for run in runs) / len(runs) for key in ("tokens", "flops", "seconds")]
            rows.append([name, _held_out(runs[0]["validation"]), *map(quantity, means[:2]), duration(means[2])])
    return table(["objective", "on held-out text (seed 1)", "tokens", "FLOPs", "time"], rows)


def _held_out(figures: dict[str, float]) -> str:
    """The figures of an objective's own task that people read."""
    if "bits_per_byte" in figures:
        return f"{figures['bits_per_byte']:.2f} bits/byte"
    shown = []
    for key, value in figures.items():
        part = key.removesuffix("accuracy")
        if part != key:
            simple = {name: figures.get(f"{part}{of}") for name, of in SIMPLER.items()}
            beside = ", ".join(f"{name} {100 * share:.1f}" for name, share in simple.items() if share is not None)
            shown.append(f"{part}{100 * value:.1f} % right{f' ({beside})' if beside else ''}")
    return ", ".join(shown)
