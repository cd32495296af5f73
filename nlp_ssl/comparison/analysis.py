"""Statistical analysis of a comparison: one board for each setting.

A setting is a way to score models: fine-tuned on 1,000 labels, a probe on all labels, zero-shot. Its board has the
score of each model on each task, differences of objectives from random initialisation and from each other, tasks where
all objectives are at chance, and averages over the other tasks. Presentation is left to `nlp_ssl.report`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from nlp_ssl.comparison.results_file import Results, Score, Setting, setting_of
from nlp_ssl.statistics.corrections import (
    Average,
    Description,
    any_significant,
    average,
    describe,
    holm,
    normalised,
    ranks,
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

WITHOUT_NETWORK = ("majority", "tfidf")
"""Baselines without a network. They appear on the board of every setting with labels."""
METHODS = ("finetune", "probe", "knn", "zero-shot", "word similarity")
"""Order of the boards. Fine-tuning comes first, as the most common use of a pretrained model."""

Mark = Literal["better", "worse", "no significant difference", "anecdotal"]
"""A verdict on a difference. "anecdotal": the interval excludes zero, but there is only one pretraining seed."""


@dataclass(frozen=True)
class Gap:
    """Difference of two models on a task, with its verdict."""

    difference: Difference
    p: float | None
    """p value after Holm's correction over all such differences on the board; None with one pretraining seed."""

    @property
    def verdict(self) -> Mark:
        """Sign of a significant difference, by the corrected p value. One pretraining seed is never significant."""
        if self.p is None:
            alone = self.difference.verdict == "no significant difference"
            return "no significant difference" if alone else "anecdotal"
        if self.p > LEVEL:
            return "no significant difference"
        return "better" if self.difference.mean > 0 else "worse"


@dataclass(frozen=True)
class Figure:
    """Score of a model on a task."""

    interval: Interval | None
    """None without the predictions that an interval is computed from."""
    seeds: Description
    gap: Gap | None
    """Difference from random initialisation, for objectives."""


@dataclass(frozen=True)
class Standing:
    """Averages of a model over the counted tasks: mean normalised score and, for objectives, mean rank."""

    score: Average
    rank: Average | None


@dataclass(frozen=True)
class Board:
    """Analysis of one setting."""

    setting: Setting
    objectives: tuple[str, ...]
    models: tuple[str, ...]
    """Objectives first, then baselines."""
    tasks: tuple[str, ...]
    metrics: dict[str, str]
    """Metric by task."""
    figures: dict[tuple[str, str], Figure]
    """Scores by (model, task)."""
    pairs: dict[tuple[str, str, str], Gap]
    """Differences by (objective, other objective, task); on the first board only."""
    floors: dict[str, str]
    """Tasks where all objectives are at chance, with the reason; they are left out of averages."""
    standings: dict[str, Standing]
    anecdotal: tuple[str, ...]
    """Objectives with only one pretraining seed on some task."""

    @property
    def counted(self) -> list[str]:
        """Tasks that are not at chance."""
        return [task for task in self.tasks if task not in self.floors]


def _order(setting: Setting) -> tuple[int, float, str]:
    """By method, then from most to fewest labels."""
    labels = float("-inf") if setting.train_examples is None else -setting.train_examples
    return METHODS.index(setting.method), labels, setting.variant or ""


def boards(results: Results, folder: Path) -> list[Board]:
    """One board for each setting; the answer is read from the first."""
    metrics = {task["name"]: task["metric"] for task in results["tasks"]}
    ends = [s for s in results["scores"] if s["tokens"] is None and s["metric"] == metrics[s["task"]]]
    settings = sorted({setting_of(s) for s in ends if s["role"] == "objective"}, key=_order)
    return [_board(results, folder, setting, ends, paired=i == 0) for i, setting in enumerate(settings)]


def _board(results: Results, folder: Path, setting: Setting, ends: Sequence[Score], paired: bool) -> Board:
    """The board of a setting, from scores of final models. `paired` also compares objectives with each other."""
    rows: dict[tuple[str, str], list[Score]] = {}
    for score in ends:
        if setting_of(score) == setting or _without_network(score, setting):
            rows.setdefault((score["model"], score["task"]), []).append(score)
    asked = results["question"]["objectives"]
    objectives = tuple(name for name in asked if any(model == name for model, _ in rows))
    baselines = dict.fromkeys(model for model, _ in rows if model not in asked)
    models = (*objectives, *sorted(baselines, key=lambda model: model in WITHOUT_NETWORK))
    tasks = tuple(t["name"] for t in results["tasks"] if any((model, t["name"]) in rows for model in objectives))
    rows = {key: scores for key, scores in rows.items() if key[1] in tasks}
    measured = {key: found for key, scores in rows.items() if (found := _measured(folder, scores)) is not None}

    figures = _figures(results, rows, measured, objectives, models, tasks)
    pairs = [(one, other, t) for i, one in enumerate(objectives) for other in objectives[i + 1 :] for t in tasks]
    floors, reasons = _floors(results, measured, objectives, tasks)
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
        anecdotal=tuple(name for name in objectives if any(_one_seed(rows.get((name, task), [])) for task in tasks)),
    )


def _figures(
    results: Results,
    rows: Mapping[tuple[str, str], Sequence[Score]],
    measured: Mapping[tuple[str, str], Scores],
    objectives: Sequence[str],
    models: Sequence[str],
    tasks: Sequence[str],
) -> dict[tuple[str, str], Figure]:
    """Scores with intervals, and their differences from random initialisation."""
    entries = {entry["name"]: entry for entry in results["objectives"]}
    references = {model: _reference(entries[model], models) for model in objectives}
    gaps = _gaps(measured, [(m, r, t) for m, r in references.items() if r is not None for t in tasks])
    figures = {}
    for (model, task), scores in rows.items():
        found = measured.get((model, task))
        gap = gaps.get((model, references.get(model) or "", task))
        seeds = describe(found or Scores(_nested(scores, lambda s: s["score"]), np.empty((0, 0, 0)), pretrained=False))
        figures[model, task] = Figure(interval(found) if found else None, seeds, gap)
    return figures


def _one_seed(scores: Sequence[Score]) -> bool:
    return len({score["pretraining_seed"] for score in scores}) == 1


def _without_network(score: Score, setting: Setting) -> bool:
    """Whether it is the score of a baseline without a network, with the setting's number of labels."""
    labelled = setting.method in ("finetune", "probe", "knn")
    return labelled and score["model"] in WITHOUT_NETWORK and score["train_examples"] == setting.train_examples


def _reference(objective: dict[str, Any], models: Sequence[str]) -> str | None:
    """The baseline of an objective: its random initialisation, or random vectors for word vectors."""
    names = (objective["random_init"], *(["random vectors"] if objective["body"] == "static" else []))
    return next((name for name in names if name in models), None)


def _nested(scores: Sequence[Score], what: Callable[[Score], Any]) -> npt.NDArray[Any]:
    """`what` of each score [pretraining seeds, fine-tuning seeds, …]; seeds are cut to equally many of the latter."""
    seeds: dict[int | None, list[Score]] = {}
    for score in sorted(scores, key=lambda s: (s["pretraining_seed"] or 0, s["finetuning_seed"] or 0)):
        seeds.setdefault(score["pretraining_seed"], []).append(score)
    shared = min(map(len, seeds.values()))
    return np.array([[what(score) for score in inner[:shared]] for inner in seeds.values()])


def _measured(folder: Path, scores: Sequence[Score]) -> Scores | None:
    """Scores of one model on one task, from its predictions; None if they allow no interval over examples."""
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
    metric = scores[0]["metric"].split()[0]  # "accuracy matched", for a task with two dev sets
    return measure(metric, first["gold"], predicted, pretrained=pretrained)


def _gaps(
    measured: Mapping[tuple[str, str], Scores], wanted: Sequence[tuple[str, str, str]]
) -> dict[tuple[str, str, str], Gap]:
    """Differences for each (model, other model, task) where both were scored, with p values after Holm's correction."""
    found = {
        (one, other, task): difference(measured[one, task], measured[other, task])
        for one, other, task in wanted
        if (one, task) in measured and (other, task) in measured
    }
    corrected = holm([gap.p for gap in found.values()])
    return {key: Gap(gap, p) for (key, gap), p in zip(found.items(), corrected, strict=True)}


def _floors(
    results: Results, measured: Mapping[tuple[str, str], Scores], objectives: Sequence[str], tasks: Sequence[str]
) -> tuple[dict[str, float], dict[str, str]]:
    """Chance level by task, and the reasons of tasks to leave out."""
    chances = {task["name"]: task["chance"] for task in results["tasks"]}
    floors, reasons = {}, {}
    for task in tasks:
        ours = [measured[model, task] for model in objectives if (model, task) in measured]
        floors[task], reason = _floor(ours, measured.get(("majority", task)), chances[task])
        if reason:
            reasons[task] = reason
    return floors, reasons


def _floor(ours: Sequence[Scores], majority: Scores | None, chance: float | None) -> tuple[float, str]:
    """Chance level of a task and, if no objective differs significantly from it, the reason to leave the task out."""
    if majority is not None:
        floor, name, value = majority, "the majority class", majority.mean
    elif chance is not None and ours:
        floor = Scores(np.full((1, 1), chance), np.zeros((1, 1, ours[0].influence.shape[2])), pretrained=False)
        name, value = "chance", chance
    else:
        return chance or 0.0, ""
    counts = any_significant(difference(scores, floor) for scores in ours)
    return value, "" if counts else f"no objective differs significantly from {name}"


def _standings(
    figures: dict[tuple[str, str], Figure], models: Sequence[str], objectives: Sequence[str], floors: dict[str, float]
) -> dict[str, Standing]:
    """Averages over the tasks of `floors` for models scored on all of them; empty for fewer than two tasks."""
    complete = [model for model in models if all((model, task) in figures for task in floors)]
    if len(floors) < 2 or not complete:
        return {}
    scores = np.array([[figures[model, task].seeds.mean for task in floors] for model in complete])  # [models, tasks]
    means = average(normalised(scores, list(floors.values())))
    ranked = [i for i, model in enumerate(complete) if model in objectives]
    places = dict(zip(ranked, average(ranks(scores[ranked])), strict=True)) if ranked else {}
    return {model: Standing(means[i], places.get(i)) for i, model in enumerate(complete)}
