"""From a comparison's raw scores and predictions to what can be said: one board for each setting.

A setting is a way to score models (fine-tuned on 1,000 labels, a probe on all, zero-shot by the causal score). Its
board has a figure for each model and task, the objectives' differences from the same network untrained and from each
other, which tasks are at their floor, and averages over the rest. Nothing here is about how it is shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from nlp_ssl.errors import InputError
from nlp_ssl.statistics.corrections import (
    Average,
    Description,
    average,
    describe,
    holm,
    normalised,
    ranks,
    tells,
)
from nlp_ssl.statistics.intervals import (
    LEVEL,
    Difference,
    Interval,
    Scores,
    difference,
    interval,
    measure,
    measure_pairs,
)

FORMAT = 3
Results = dict[str, Any]
"""What results.json holds."""
Score = dict[str, Any]
"""One of its scores."""

WITHOUT_NETWORK = ("majority", "tfidf")
"""Baselines that know nothing of probes and fine-tuning: they are on the board of every setting with labels."""
METHODS = ("finetune", "probe", "knn", "zero-shot", "word similarity")
"""The order of the boards; what is read first is what most people do with a pretrained network."""

Mark = Literal["better", "worse", "no significant difference"]
"""A verdict on a difference."""

COLUMNS = (
    *("model", "role", "pretraining_seed", "tokens", "task", "train_examples", "method", "variant"),
    *("finetuning_seed", "metric", "score", "outputs"),
)
"""What is said of a score, in results.json and, in this order, in scores.csv."""


@dataclass(frozen=True)
class Setting:
    """A way to score models."""

    method: str
    train_examples: int | None
    variant: str | None


@dataclass(frozen=True)
class Gap:
    """What one model has over another on a task, and what can be said of it."""

    difference: Difference
    p: float | None
    """After Holm's correction over all differences of its kind on the board; None for an anecdote."""

    @property
    def verdict(self) -> Mark:
        """The sign of the difference where it is sure: by p, or by the interval for want of one."""
        if self.p is not None and self.p > LEVEL:
            return "no significant difference"
        if self.p is None and self.difference.verdict == "no significant difference":
            return "no significant difference"
        return "better" if self.difference.mean > 0 else "worse"


@dataclass(frozen=True)
class Figure:
    """A model's score on a task."""

    interval: Interval | None
    """None where the score came without the predictions that an interval needs."""
    seeds: Description
    gap: Gap | None
    """What it has over its reference: the same network untrained."""


@dataclass(frozen=True)
class Standing:
    """A model over all counted tasks: its mean normalised score, and its mean rank if it is an objective."""

    score: Average
    rank: Average | None


@dataclass(frozen=True)
class Board:
    """Everything that can be said of one setting."""

    setting: Setting
    objectives: tuple[str, ...]
    models: tuple[str, ...]
    """The objectives, then the baselines."""
    tasks: tuple[str, ...]
    metrics: dict[str, str]
    """The metric of each task."""
    figures: dict[tuple[str, str], Figure]
    """By model and task."""
    pairs: dict[tuple[str, str, str], Gap]
    """By objective, another one and task: what the first has over the second; only on the first board."""
    floors: dict[str, str]
    """Tasks that no model can be ranked by, and why."""
    standings: dict[str, Standing]
    anecdotal: tuple[str, ...]
    """The objectives that have one pretraining seed, on some task: what is said of them is about this one model."""

    @property
    def counted(self) -> list[str]:
        """The tasks that are not at their floor."""
        return [task for task in self.tasks if task not in self.floors]


@dataclass(frozen=True)
class Curve:
    """Scores along the runs of an objective: means over seeds, and the lowest and highest."""

    model: str
    tokens: list[float]
    flops: list[float]
    mean: list[float]
    low: list[float]
    high: list[float]


def load(folder: Path) -> Results:
    """What a comparison's results.json holds; InputError if it is not there, is damaged, or lacks predictions."""
    path = folder / "results.json"
    if not path.is_file():
        raise InputError(
            f"{folder} has no results.json: give the folder of a comparison, as `nlp-ssl compare` leaves it"
        )
    try:
        results: Results = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path} is damaged ({error}): run `nlp-ssl compare` again") from None
    if not isinstance(results, dict) or results.get("format") != FORMAT:
        found = results.get("format") if isinstance(results, dict) else None
        raise InputError(f"{path} has format {found}, and this is for format {FORMAT}: run `nlp-ssl compare` again")
    named = dict.fromkeys(s["outputs"] for s in results["scores"] if s["outputs"] is not None)
    missing = [name for name in named if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"{path} names {len(missing)} files of predictions that are not there, {missing[0]} first: "
            "run `nlp-ssl compare` again"
        )
    return results


def done(results: Results, objective: str | None = None) -> list[dict[str, Any]]:
    """The finished runs, of one objective or of all."""
    return [r for r in results["runs"] if r["status"] == "done" and objective in (None, r["objective"])]


def curves(results: Results) -> dict[tuple[Setting, str], list[Curve]]:
    """Learning curves by setting and task: scores of models taken along the runs, and those at the end."""
    groups: dict[tuple[Setting, str], dict[str, dict[int, dict[int | None, list[float]]]]] = {}
    metrics = {task["name"]: task["metric"] for task in results["tasks"]}
    scores = [s for s in results["scores"] if s["role"] == "objective" and s["metric"] == metrics[s["task"]]]
    along = {(_setting(s), s["task"]) for s in scores if s["tokens"]}
    runs = {(run["objective"], run["seed"]): run for run in done(results)}
    for s in scores:
        # At 0 tokens it is the untrained network, and has no place on a logarithmic axis.
        if (_setting(s), s["task"]) in along and s["tokens"] != 0 and (s["model"], s["pretraining_seed"]) in runs:
            seeds = groups.setdefault((_setting(s), s["task"]), {}).setdefault(s["model"], {})
            seeds.setdefault(s["pretraining_seed"], {}).setdefault(s["tokens"], []).append(s["score"])
    return {
        key: [_curve(model, [(runs[model, seed], at) for seed, at in seeds.items()]) for model, seeds in models.items()]
        for key, models in groups.items()
    }


def _curve(model: str, seeds: Sequence[tuple[dict[str, Any], dict[int | None, list[float]]]]) -> Curve:
    """One curve from each seed's run and its scores by the tokens that were read (None: all)."""
    tokens, flops, scores = [], [], []
    for run, at in seeds:
        read = sorted((run["tokens"] if n is None else n, float(np.mean(values))) for n, values in at.items())
        known = [0, *(p["tokens"] for p in run["curve"]), run["tokens"]]
        spent = [0.0, *(p["flops"] for p in run["curve"]), run["flops"]]
        tokens.append([float(n) for n, _ in read])
        flops.append(np.interp(tokens[-1], known, spent))
        scores.append([score for _, score in read])
    shared = min(map(len, scores))  # a seed that was probed less often
    by_seed = np.array([s[:shared] for s in scores])  # [seeds, points]
    return Curve(
        model,
        np.mean([t[:shared] for t in tokens], axis=0).tolist(),
        np.mean([f[:shared] for f in flops], axis=0).tolist(),
        by_seed.mean(0).tolist(),
        by_seed.min(0).tolist(),
        by_seed.max(0).tolist(),
    )


def _setting(score: dict[str, Any]) -> Setting:
    return Setting(score["method"], score["train_examples"], score["variant"])


def _order(setting: Setting) -> tuple[int, float, str]:
    """By method, then the most labels first."""
    labels = float("-inf") if setting.train_examples is None else -setting.train_examples
    return METHODS.index(setting.method), labels, setting.variant or ""


def boards(results: Results, folder: Path) -> list[Board]:
    """A board for each setting that objectives were scored in; the first is what the answer is read from."""
    metrics = {task["name"]: task["metric"] for task in results["tasks"]}
    ends = [s for s in results["scores"] if s["tokens"] is None and s["metric"] == metrics[s["task"]]]
    settings = sorted({_setting(s) for s in ends if s["role"] == "objective"}, key=_order)
    return [_board(results, folder, setting, ends, paired=i == 0) for i, setting in enumerate(settings)]


def _board(results: Results, folder: Path, setting: Setting, ends: Sequence[Score], paired: bool) -> Board:
    """The board of a setting, from the scores of finished models; `paired` also compares objectives with each other."""
    rows: dict[tuple[str, str], list[Score]] = {}
    for score in ends:
        if _setting(score) == setting or _counts_words(score, setting):
            rows.setdefault((score["model"], score["task"]), []).append(score)
    asked = results["question"]["objectives"]
    objectives = tuple(name for name in asked if any(model == name for model, _ in rows))
    baselines = dict.fromkeys(model for model, _ in rows if model not in asked)
    models = (*objectives, *sorted(baselines, key=lambda model: model in WITHOUT_NETWORK))
    tasks = tuple(t["name"] for t in results["tasks"] if any((model, t["name"]) in rows for model in objectives))
    rows = {key: scores for key, scores in rows.items() if key[1] in tasks}
    measured = {key: found for key, scores in rows.items() if (found := _measured(folder, scores)) is not None}

    entries = {entry["name"]: entry for entry in results["objectives"]}
    against = {model: _reference(entries[model], models) for model in objectives}
    gaps = _gaps(measured, [(m, r, t) for m, r in against.items() if r is not None for t in tasks])
    figures = {}
    for (model, task), scores in rows.items():
        found = measured.get((model, task))
        gap = gaps.get((model, against.get(model) or "", task))
        seeds = describe(found or Scores(_nested(scores, lambda s: s["score"]), np.empty((0, 0, 0)), pretrained=False))
        figures[model, task] = Figure(interval(found) if found else None, seeds, gap)
    pairs = [(one, other, t) for i, one in enumerate(objectives) for other in objectives[i + 1 :] for t in tasks]
    chances = {task["name"]: task["chance"] for task in results["tasks"]}
    floors, reasons = {}, {}
    for task in tasks:
        ours = [measured[model, task] for model in objectives if (model, task) in measured]
        floors[task], reason = _floor(ours, measured.get(("majority", task)), chances[task])
        if reason:
            reasons[task] = reason
    return Board(
        setting=setting,
        objectives=objectives,
        models=models,
        tasks=tasks,
        metrics={task["name"]: task["metric"] for task in results["tasks"] if task["name"] in tasks},
        figures=figures,
        pairs=_gaps(measured, pairs if paired else []),
        floors=reasons,
        standings=_standings(figures, models, objectives, {t: floors[t] for t in tasks if t not in reasons}),
        anecdotal=tuple(
            name
            for name in objectives
            if any(
                len({s["pretraining_seed"] for s in rows[name, task]}) == 1 for task in tasks if (name, task) in rows
            )
        ),
    )


def _counts_words(score: Score, setting: Setting) -> bool:
    """Whether it is the score of a baseline without a network, from as many labels as the setting has."""
    labelled = setting.method in ("finetune", "probe", "knn")
    return labelled and score["model"] in WITHOUT_NETWORK and score["train_examples"] == setting.train_examples


def _reference(objective: dict[str, Any], models: Sequence[str]) -> str | None:
    """What an objective's models are compared with: the same network untrained; random ones for word vectors."""
    names = (objective["untrained"], *(["random vectors"] if objective["body"] == "static" else []))
    return next((name for name in names if name in models), None)


def _nested(scores: Sequence[Score], what: Callable[[Score], Any]) -> npt.NDArray[Any]:
    """Something of each score [pretraining seeds, fine-tuning seeds, …]; of as many of these as each seed has."""
    seeds: dict[int | None, list[Score]] = {}
    for score in sorted(scores, key=lambda s: (s["pretraining_seed"] or 0, s["finetuning_seed"] or 0)):
        seeds.setdefault(score["pretraining_seed"], []).append(score)
    shared = min(map(len, seeds.values()))
    return np.array([[what(score) for score in inner[:shared]] for inner in seeds.values()])


def _measured(folder: Path, scores: Sequence[Score]) -> Scores | None:
    """The scores of one model on one task, from its predictions; None where these say nothing of other examples."""
    if any(score["outputs"] is None for score in scores):
        return None
    outputs = {score["outputs"]: dict(np.load(folder / score["outputs"])) for score in scores}
    first, pretrained = outputs[scores[0]["outputs"]], scores[0]["role"] == "objective"
    if "correct" in first:
        if len(np.unique(first["paradigm"])) == 1:
            return None
        correct = _nested(scores, lambda s: outputs[s["outputs"]]["correct"])  # [seeds, 1, n]
        return measure_pairs(correct[:, 0], first["paradigm"], pretrained=pretrained)
    predicted = _nested(scores, lambda s: outputs[s["outputs"]]["predicted"])  # [seeds, fine-tuning seeds, n]
    metric = scores[0]["metric"].split()[0]  # of "accuracy matched", as a task of two dev sets has it
    return measure(metric, first["gold"], predicted, pretrained=pretrained)


def _gaps(
    measured: dict[tuple[str, str], Scores], wanted: Sequence[tuple[str, str, str]]
) -> dict[tuple[str, str, str], Gap]:
    """What the first model has over the second on a task, for each (model, model, task) that was scored."""
    found = {
        (one, other, task): difference(measured[one, task], measured[other, task])
        for one, other, task in wanted
        if (one, task) in measured and (other, task) in measured
    }
    corrected = holm([gap.p for gap in found.values()])
    return {key: Gap(gap, p) for (key, gap), p in zip(found.items(), corrected, strict=True)}


def _floor(ours: Sequence[Scores], majority: Scores | None, chance: float | None) -> tuple[float, str]:
    """What one scores on a task without reading, and, if no objective can be told from that, what it is called."""
    if majority is not None:
        floor, name, value = majority, "the majority class", majority.mean
    elif chance is not None and ours:
        floor = Scores(np.full((1, 1), chance), np.zeros((1, 1, ours[0].influence.shape[2])), pretrained=False)
        name, value = "chance", chance
    else:
        return chance or 0.0, ""
    told = tells(difference(scores, floor) for scores in ours)
    return value, "" if told else f"no objective can be told from {name}"


def _standings(
    figures: dict[tuple[str, str], Figure], models: Sequence[str], objectives: Sequence[str], floors: dict[str, float]
) -> dict[str, Standing]:
    """Averages over the tasks of `floors`, for the models that were scored on all of them; none for a single task."""
    complete = [model for model in models if all((model, task) in figures for task in floors)]
    if len(floors) < 2 or not complete:
        return {}
    scores = np.array([[figures[model, task].seeds.mean for task in floors] for model in complete])  # [models, tasks]
    means = average(normalised(scores, list(floors.values())))
    ranked = [i for i, model in enumerate(complete) if model in objectives]
    places = dict(zip(ranked, average(ranks(scores[ranked])), strict=True)) if ranked else {}
    return {model: Standing(means[i], places.get(i)) for i, model in enumerate(complete)}
