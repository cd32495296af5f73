"""results.json: its format, and how it is written and read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlp_ssl.errors import InputError
from nlp_ssl.json_files import read_object, write_object

RESULTS_FORMAT = 6
"""Increases when a key changes its name or meaning."""

AGAIN = "run `nlp-ssl compare` again"

Results = dict[str, Any]
"""Content of results.json."""
Score = dict[str, Any]
"""One of its scores, with the keys of `COLUMNS`."""

COLUMNS = (
    *("model", "role", "pretraining_seed", "tokens", "task", "train_examples", "method", "variant"),
    *("finetuning_seed", "metric", "score", "outputs"),
)
"""Keys of a score in results.json; columns of scores.csv, in this order."""


@dataclass(frozen=True)
class Setting:
    """A way to score models."""

    method: str
    """finetune, probe, knn, few-shot, zero-shot, retrieval or word similarity."""
    train_examples: int | None
    """Labelled examples that are learned from, or read in a prompt; None means all."""
    variant: str | None
    """Of zero-shot and few-shot scores: causal or pseudo-log-likelihood."""


def setting_of(score: Score) -> Setting:
    """The setting in which a score was measured."""
    return Setting(score["method"], score["train_examples"], score["variant"])


def verdict_metrics(results: Results) -> dict[tuple[str, int | None], str]:
    """The metric that verdicts use, by task and number of training examples.

    It is the task's first metric, on the extended dev split if there is one for this number, else on dev.
    """
    extended = {task["name"]: task.get("extended_metric") for task in results["tasks"]}
    found: dict[tuple[str, int | None], str] = {}
    for task in results["tasks"]:
        mine = [score for score in results["scores"] if score["task"] == task["name"]]
        for score in mine:
            found.setdefault((task["name"], score["train_examples"]), task["metric"])
            if score["metric"] == extended[task["name"]]:
                found[task["name"], score["train_examples"]] = score["metric"]
    return found


def dev_score(results: Results, like: Score) -> float | None:
    """The mean score on dev alone of the model and setting of a score on the extended split; None for other scores."""
    (task,) = (task for task in results["tasks"] if task["name"] == like["task"])
    if like["metric"] != task.get("extended_metric"):
        return None
    same = ("model", "task", "tokens", "train_examples", "method", "variant")
    found: list[float] = [
        s["score"]
        for s in results["scores"]
        if s["metric"] == task["metric"] and all(s[key] == like[key] for key in same)
    ]
    return sum(found) / len(found)


def write_results(folder: Path, results: Results) -> None:
    """Write results.json. A file from which nothing but the date differs is left as it is."""
    path = folder / "results.json"
    try:
        earlier = read_object(path, AGAIN)
    except InputError:
        earlier = {}
    if json.loads(json.dumps(results | {"date": ""})) != earlier | {"date": ""}:
        write_object(path, results)


def load_results(folder: Path) -> Results:
    """Read a comparison's results.json. Raises InputError if it is missing, damaged or old, or lacks predictions."""
    path = folder / "results.json"
    if not path.exists():
        raise InputError(f"{folder} has no results.json: give the --out folder of `nlp-ssl compare`")
    results: Results = read_object(path, AGAIN, old=False)
    if results.get("format") != RESULTS_FORMAT:
        raise InputError(
            f"{path} has format {results.get('format')}, not {RESULTS_FORMAT}: compare again with a new --out"
        )
    named = dict.fromkeys(s["outputs"] for s in results["scores"] if s["outputs"] is not None)
    missing = [name for name in named if not (folder / name).is_file()]
    if missing:
        raise InputError(f"{folder} lacks {len(missing)} files of predictions, {missing[0]} first: run compare again")
    return results


def finished_runs(results: Results, objective: str | None = None) -> list[dict[str, Any]]:
    """Finished pretraining runs of one objective, or of all."""
    return [r for r in results["runs"] if r["status"] == "done" and objective in (None, r["objective"])]


def sequences(results: Results) -> list[str]:
    """The objectives of several phases, whose loss is that of the phase under way, at the end of the last one."""
    return [entry["name"] for entry in results["objectives"] if entry.get("mixing") == "sequence"]
