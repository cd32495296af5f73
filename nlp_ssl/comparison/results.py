"""The content of results.json, collected from finished jobs.

All statistics, verdicts and plots are computed from this file and the .npz files that it names. Scores are fractions
and times are in seconds; paths are relative to the comparison's folder; null means "does not apply".
"""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nlp_ssl import recipe_files
from nlp_ssl.comparison.class_reports import class_reports, model_name
from nlp_ssl.comparison.existing import ExistingModel
from nlp_ssl.comparison.jobs import Finished, Job, best, rate_of
from nlp_ssl.comparison.plan import Plan
from nlp_ssl.comparison.results_file import COLUMNS, RESULTS_FORMAT, Results
from nlp_ssl.comparison.task_entries import task_entries
from nlp_ssl.evaluation.finetune import best_of
from nlp_ssl.recipe import Budget, Recipe
from nlp_ssl.training.run_folder import Metrics
from nlp_ssl.versions import versions

STORED_POINTS = 200
"""Maximum number of points in a loss curve, evenly spread."""


def collect_results(plan: Plan, command: str) -> Results:
    """The content of results.json. `command` is the command line of the comparison."""
    jobs = plan.jobs()
    finished = [(job, result) for job in jobs if (result := job.result) is not None]
    runs = [plan.run(name, seed) for seed in plan.seed_numbers for name in plan.recipes]
    sources = sorted({result["source"] for _, result in finished})
    return {
        "format": RESULTS_FORMAT,
        "question": _question(plan),
        "corpus": _corpus(plan),
        "objectives": [
            *(_objective(plan, name) for name in plan.recipes),
            *(_existing(plan, model) for model in plan.existing.values()),
        ],
        "runs": [_run(plan, job) for job in runs],
        "tasks": task_entries(plan, finished),
        "scores": _scores(plan, finished),
        "text_baselines": {
            line["key"]: line["title"] for _, result in finished for line in result.get("scores", []) if "title" in line
        },
        "choices": _choices(finished),
        "classes": class_reports(finished),
        "prompts": [
            {key: job.about[key] for key in ("model", "pretraining_seed", "task", "train_examples")} | result["prompts"]
            for job, result in finished
            if "prompts" in result
        ],
        "matrix": [
            {key: job.about[key] for key in ("model", "pretraining_seed", "on")} | {"metrics": result["metrics"]}
            for job, result in finished
            if job.kind == "evaluate"
        ],
        "failures": [{"job": job.name, "error": job.error} for job in jobs if not job.done and job.error is not None],
        "commands": [command, *(job.command for job, _ in finished if isinstance(job.arguments[0], list))],
        "versions": {**versions(), "source": ", ".join(sources)},
        "machine": _machine(finished),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _objective(plan: Plan, name: str) -> dict[str, Any]:
    recipe = plan.recipes[name]
    return {
        "name": name,
        "paper": recipe.mixture.paper,
        "body": recipe.mixture.body,
        "mixing": recipe.mixing,
        "random_init": plan.random_init(name),
        "trains_tasks": list(recipe.mixture.trains_tasks),
        "recipe": recipe_files.dump(recipe),
        "shown": (plan.show(name).result or {"shown": []})["shown"],
    }


def _existing(plan: Plan, model: ExistingModel) -> dict[str, Any]:
    """The entry of a row without pretraining; "existing" tells it from the others."""
    return {
        "name": model.name,
        "existing": True,
        "paper": "",
        "body": model.body,
        "random_init": plan.random_init(model.name),
        "trains_tasks": [],
        "recipe": "",
        "shown": [],
    }


def _machine(finished: Finished) -> dict[str, Any]:
    devices = sorted({result["device"] for _, result in finished if "device" in result})
    return {
        "cores": os.cpu_count(),
        "device": ", ".join(devices) or None,
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": platform.platform(),
    }


def _question(plan: Plan) -> dict[str, Any]:
    first = next(iter(plan.recipes.values()))
    unit = Budget.parse(first.budget).unit
    return {
        "objectives": list(plan.models),
        "seeds": list(plan.seed_numbers),
        "looks": list(plan.looks),
        "tasks": [task.name for task in plan.tasks],
        "train_examples": list(plan.train_examples),
        "budget": first.budget,
        "held_equal": {"minutes": "seconds"}.get(unit, unit),
        "size": ", ".join(dict.fromkeys(map(_size, plan.recipes.values()))),
        "finetune_seeds": plan.finetune_seeds,
    }


def _size(recipe: Recipe) -> str:
    """The size of a recipe's model, or the model that it starts from."""
    return recipe.model.size if recipe.init is None else f"continued {Path(recipe.init).name}"


def _corpus(plan: Plan) -> dict[str, Any]:
    corpus, counts = plan.corpus, plan.corpus.counts["train"]
    return {
        "name": corpus.folder.resolve().name,
        "fingerprint": corpus.fingerprint,
        "language": corpus.manifest.get("language", "en"),
        **vars(counts),
        "vocab_size": corpus.vocab_size,
    }


def _run(plan: Plan, job: Job) -> dict[str, Any]:
    """A pretraining run; a failed one has `error`."""
    result = job.result
    name, seed = job.about["model"], job.about["pretraining_seed"]
    run = {
        "objective": name,
        "seed": seed,
        "status": "done" if result else "failed",
        "error": None if result else job.error or "no learning rate was chosen: all pilot runs failed",
        "folder": None,
        **dict.fromkeys(("steps", "tokens", "targets", "flops", "seconds", "parameters", "embedding_parameters")),
        **dict.fromkeys(("peak_memory_bytes", "device", "precision")),
        "tuning": _tuning(plan.pilots(name)),
        "validation": {},
        "curve": [],
        "validation_curve": [],
    }
    if result is None:
        return run
    run |= {key: result[key] for key in run.keys() & result.keys() - {"objective"}}  # "objective" is the recipe's name
    folder = job.folder / "run"
    lines = Metrics(folder).read()
    counters = ("step", "tokens", "flops")
    curve = [
        {key: line[key] for key in (*counters, "loss")} for line in lines if line["event"] == "train" and "loss" in line
    ]
    left_out = {"event", "targets", "seconds"}
    validation = [
        {key: value for key, value in line.items() if key not in left_out}
        for line in lines
        if line["event"] == "evaluate"
    ]
    last = {"step": result["steps"], "tokens": result["tokens"], "flops": result["flops"], **result["validation"]}
    return run | {
        "folder": str(folder.relative_to(plan.out)),
        "seconds": result["training_seconds"],
        "curve": _thinned(curve),
        "validation_curve": [*validation, last] if result["validation"] else [],
    }


def _thinned(curve: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """At most `STORED_POINTS` points, including the last one."""
    every = -(-len(curve) // STORED_POINTS) or 1
    return list(curve[::-1][::every][::-1])


def _tuning(pilots: Sequence[Job]) -> dict[str, Any] | None:
    """Learning rates that were tried, the chosen one, and the cost of trying."""
    done = [(pilot, result) for pilot in pilots if (result := pilot.result) is not None]
    chosen = best(pilots)
    if chosen is None:
        return None
    return {
        "tried": [
            {"learning_rate": rate_of(pilot), "loss": result["validation"].get("loss")} for pilot, result in done
        ],
        "chosen": rate_of(chosen),
        "tokens": sum(result["tokens"] for _, result in done),
        "seconds": sum(result["training_seconds"] for _, result in done),
    }


def _scores(plan: Plan, finished: Finished) -> list[dict[str, Any]]:
    """All scores; a baseline that several jobs share appears once."""
    scores: dict[tuple[Any, ...], dict[str, Any]] = {}
    for job, result in finished:
        for line in result.get("scores", []):
            of_run = line["key"] == "pretrained"
            seed = job.about["pretraining_seed"] if of_run else baseline_seed(job)
            is_network = line["key"] in ("random", "random_init", "random_labels", "pretrained")
            known = {
                "model": model_name(job, line["key"]),
                "role": "objective" if of_run else "text baseline" if "title" in line else "baseline",
                "pretraining_seed": seed if is_network else None,
                "tokens": _tokens_at(job),
                "task": job.about["task"],
                "train_examples": job.about["train_examples"],
            }
            outputs = str((job.folder / line["outputs"]).relative_to(plan.out))
            score = {column: {**line, **known, "outputs": outputs}.get(column) for column in COLUMNS}
            measured = ("score", "outputs", *(["method"] if "title" in line else []))  # text baselines have no method
            key = tuple(score[column] for column in COLUMNS if column not in measured)
            scores.setdefault(key, score)
    return list(scores.values())


def _choices(finished: Finished) -> list[dict[str, Any]]:
    """Chosen learning rate and epochs of each network, and the best result of each learning rate on the selection part.

    A network that several jobs share appears once.
    """
    choices: dict[tuple[Any, ...], dict[str, Any]] = {}
    for job, result in finished:
        for choice in result.get("choices", []):
            model = job.about["model" if choice["key"] == "pretrained" else "random_init"]
            seed = job.about["pretraining_seed"] if choice["key"] == "pretrained" else baseline_seed(job)
            of = {"model": model, "pretraining_seed": seed}
            of |= {key: job.about[key] for key in ("task", "train_examples")}
            rates = dict.fromkeys(tried["learning_rate"] for tried in choice["tried"])
            choices.setdefault(
                tuple(of.values()),
                {
                    **of,
                    "examples": choice["examples"],
                    "learning_rate": choice["learning_rate"],
                    "epochs": choice["epochs"],
                    "tried": [best_of([t for t in choice["tried"] if t["learning_rate"] == rate]) for rate in rates],
                },
            )
    return list(choices.values())


def baseline_seed(job: Job) -> int:
    """The sample of the random networks that a job scored."""
    seed: int = job.about.get("baseline_seed", job.about["pretraining_seed"])
    return seed


def _tokens_at(job: Job) -> int | None:
    """Tokens that a snapshot was trained on; None for the final model."""
    snapshot = job.about.get("snapshot")
    if snapshot is None:
        return None
    (run,) = job.needs
    assert run.result is not None
    tokens: int = run.result["snapshots"][snapshot]
    return tokens
