"""Statistical analysis of a comparison: a main board, then one board for each setting.

A setting is a way to score models: fine-tuned on 1,000 labels, a probe on all labels, zero-shot. A board has the
score of each model on each task, differences of objectives from random initialisation and from each other, tasks where
all objectives are at chance, and averages over the other tasks. The main board has each task once, in its first
setting, so that one correction covers every difference in the answer. Presentation is left to `nlp_ssl.report`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlp_ssl.array_files import read_arrays
from nlp_ssl.comparison.board import LABELLED, METHODS, UNTRAINED, Board, Figure, Gap, Standing
from nlp_ssl.comparison.results_file import AGAIN, Results, Score, Setting, dev_score, setting_of, verdict_metrics
from nlp_ssl.statistics.corrections import any_significant, average, describe, holm, normalised, ranks
from nlp_ssl.statistics.intervals import Scores, difference, interval, measure, measure_clusters, measure_pairs
from nlp_ssl.statistics.multi_bootstrap import multi_bootstrap
from nlp_ssl.statistics.sequential import Look
from nlp_ssl.tasks.metrics import OF_PROBABILITIES

CHANCE = "chance"


def _order(setting: Setting) -> tuple[int, float, str]:
    """By method, then from most to fewest labels."""
    labels = float("-inf") if setting.train_examples is None else -setting.train_examples
    return METHODS.index(setting.method), labels, setting.variant or ""


def boards(results: Results, folder: Path) -> list[Board]:
    """The main board, then one board for each setting; empty without scores."""
    ends = _final(results)
    scored = sorted({(setting_of(s), s["task"]) for s in ends if s["role"] == "objective"}, key=lambda f: _order(f[0]))
    first = {task: _of_all_variants(setting, task, scored) for setting, task in reversed(scored)}
    each = {setting: {task: s for s, task in scored if s == setting} for setting, _ in scored}
    if not scored:
        return []
    main = _board(results, folder, None, first, ends)
    return [main, *(_board(results, folder, setting, settings, ends) for setting, settings in each.items())]


def _of_all_variants(setting: Setting, task: str, scored: Sequence[tuple[Setting, str]]) -> Setting:
    """A task's setting on the main board: without a variant if the objectives have several."""
    plain = replace(setting, variant=None)
    return plain if sum((replace(s, variant=None), of) == (plain, task) for s, of in scored) > 1 else setting


def look_of(results: Results) -> Look:
    """The look of a comparison that grows; the only one of any other."""
    seeds = len(results["question"]["seeds"])
    return Look.at(seeds, results["question"].get("looks", [seeds]))


def measured_on(results: Results, folder: Path, setting: Setting, task: str) -> dict[str, Scores]:
    """The scores of final models on a task by model. A setting without a variant has those of all variants."""
    rows = _rows(_final(results), {task: setting}, main=setting.variant is None)
    return {model: scores for (model, _), scores in _measure_all(results, folder, rows).items()}


def _final(results: Results) -> list[Score]:
    """Scores of final models by the metric that decides on each task."""
    metrics = verdict_metrics(results)
    return [
        s for s in results["scores"] if s["tokens"] is None and s["metric"] == metrics[s["task"], s["train_examples"]]
    ]


def _rows(ends: Sequence[Score], settings: Mapping[str, Setting], main: bool) -> dict[tuple[str, str], list[Score]]:
    """Scores by (model, task). On the main board, models of one task may differ in their zero-shot variant."""
    rows: dict[tuple[str, str], list[Score]] = {}
    for score in sorted(ends, key=lambda s: s["variant"] or "") if main else ends:
        setting = settings.get(score["task"])
        if setting is None or not _belongs(score, setting, main):
            continue
        found = rows.setdefault((score["model"], score["task"]), [])
        if not found or found[0]["variant"] == score["variant"]:
            found.append(score)
    return rows


def _belongs(score: Score, setting: Setting, any_variant: bool) -> bool:
    if score["train_examples"] != setting.train_examples:
        return False
    if score["role"] == "text baseline" and setting.method in LABELLED:
        return score["method"] in LABELLED
    return score["method"] == setting.method and (any_variant or score["variant"] == setting.variant)


def _board(
    results: Results,
    folder: Path,
    setting: Setting | None,
    settings: Mapping[str, Setting],
    ends: Sequence[Score],
) -> Board:
    """A board, from scores of final models. The main board also compares objectives with each other."""
    metrics = verdict_metrics(results)
    rows = _rows(ends, settings, main=setting is None)
    asked = results["question"]["objectives"]
    objectives = tuple(name for name in asked if any(model == name for model, _ in rows))
    baselines = dict.fromkeys(model for model, _ in rows if model not in asked)
    titles = results["text_baselines"]
    models = (*objectives, *sorted(baselines, key=lambda model: model in titles))
    tasks = tuple(t["name"] for t in results["tasks"] if any((model, t["name"]) in rows for model in objectives))
    rows = {key: scores for key, scores in rows.items() if key[1] in tasks}
    measured = _measure_all(results, folder, rows)
    figures = _figures(results, rows, measured, objectives, models, settings)
    pairs = [(one, other, t) for i, one in enumerate(objectives) for other in objectives[i + 1 :] for t in tasks]
    floors, reasons = _floors(results, measured, objectives, tasks)
    return Board(
        setting=setting,
        objectives=objectives,
        models=models,
        text_baselines={name: title for name, title in titles.items() if name in models},
        tasks=tasks,
        settings={task: settings[task] for task in tasks},
        metrics={task: metrics[task, settings[task].train_examples] for task in tasks},
        figures=figures,
        pairs=_gaps(measured, pairs if setting is None else [], look_of(results)),
        floors=reasons,
        standings=_standings(figures, models, objectives, {t: floors[t] for t in tasks if t not in reasons}),
        anecdotal=tuple(
            name
            for name in objectives
            if any(len({s["pretraining_seed"] for s in rows.get((name, t), [])} - {None}) == 1 for t in tasks)
        ),
        own_tasks=tuple(
            (entry["name"], task)
            for entry in results["objectives"]
            for task in entry.get("trains_tasks", ())
            if task in tasks
        ),
    )


def _figures(
    results: Results,
    rows: Mapping[tuple[str, str], Sequence[Score]],
    measured: Mapping[tuple[str, str], Scores],
    objectives: Sequence[str],
    models: Sequence[str],
    settings: Mapping[str, Setting],
) -> dict[tuple[str, str], Figure]:
    """Scores with intervals, and their differences from random initialisation or chance."""
    entries = {entry["name"]: entry for entry in results["objectives"]}
    chances = {task["name"]: task["chance"] for task in results["tasks"]}
    references: dict[tuple[str, str], str] = {}
    scored: dict[tuple[str, str], Scores] = {}
    for model, task in rows:
        if model not in objectives:
            continue
        reference = reference_of(entries[model], models)
        if settings[task].method in UNTRAINED and (model, task) in measured and chances[task] is not None:
            references[model, task] = CHANCE
            scored[CHANCE, task] = _constant(chances[task], measured[model, task])
        elif reference is not None and (reference, task) in rows:
            references[model, task] = reference
    wanted = [(model, r, task) for (model, task), r in references.items()]
    gaps = _gaps({**measured, **scored}, wanted, look_of(results))
    figures = {}
    for (model, task), scores in rows.items():
        found = measured.get((model, task))
        against = references.get((model, task))
        gap = gaps.get((model, against or "", task))
        seeds = describe(found or Scores(_nested(scores, lambda s: s["score"]), np.empty((0, 0, 0)), pretrained=False))
        shown = interval(found) if found else None
        figures[model, task] = Figure(shown, seeds, gap, against, dev_score(results, scores[0]))
    return figures


def _constant(score: float, like: Scores) -> Scores:
    """A score without any variance, on as many examples."""
    return Scores(np.full((1, 1), score), np.zeros((1, 1, like.influence.shape[2])), pretrained=False)


def reference_of(objective: dict[str, Any], models: Sequence[str]) -> str | None:
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


def _measure_all(
    results: Results, folder: Path, rows: Mapping[tuple[str, str], Sequence[Score]]
) -> dict[tuple[str, str], Scores]:
    """Scores by (model, task), on the examples of each task that all models have in common."""
    files = {s["outputs"] for scores in rows.values() for s in scores if s["outputs"] is not None}
    outputs: dict[str, dict[str, Any]] = {name: read_arrays(folder / name, AGAIN) for name in files}
    kept: dict[str, npt.NDArray[np.bool_]] = {}
    for (_, task), scores in rows.items():
        for score in scores:
            own = outputs.get(score["outputs"], {}).get("kept", np.True_)
            kept[task] = kept.get(task, np.True_) & own
    labels = {task["name"]: task["examples"].get("train") for task in results["tasks"]}
    measured = {}
    for (model, task), scores in rows.items():
        draws = scores[0]["train_examples"] not in (None, labels[task])
        if (found := _measured(outputs, scores, kept[task], draws)) is not None:
            measured[model, task] = found
    return measured


def _measured(
    outputs: Mapping[str, dict[str, Any]], scores: Sequence[Score], kept: npt.NDArray[np.bool_], draws: bool
) -> Scores | None:
    """Scores of one model on one task, from its predictions; None if they allow no interval over examples.

    `kept` are the scored examples, bool [n] or one value for all; `draws` is as in `Scores`.
    """
    if any(score["outputs"] is None for score in scores):
        return None
    first, role, seed = outputs[scores[0]["outputs"]], scores[0]["role"], scores[0]["pretraining_seed"]
    pretrained = role == "objective" and seed is not None  # an existing model is one network
    if "correct" in first:
        independent = bool(first.get("independent", False))
        if len(np.unique(first["paradigm"])) == 1 and not independent:
            return None
        correct = _nested(scores, lambda s: outputs[s["outputs"]]["correct"])  # [seeds, 1, n]
        return measure_pairs(correct[:, 0], first["paradigm"], independent=independent, pretrained=pretrained)
    if "passage" in first:
        values = _nested(scores, lambda s: outputs[s["outputs"]][s["metric"]])  # [seeds, fine-tuning seeds, n]
        return measure_clusters(values, first["passage"], pretrained=pretrained)
    metric = scores[0]["metric"].split()[0]  # "accuracy matched", for a task with two dev sets
    what = "probabilities" if metric in OF_PROBABILITIES else "predicted"
    predicted = _nested(scores, lambda s: outputs[s["outputs"]][what])  # [seeds, fine-tuning seeds, n]
    kept = np.broadcast_to(kept, len(first["gold"]))
    cluster = first["cluster"][kept] if "cluster" in first else None
    return measure(
        metric, first["gold"][kept], predicted[:, :, kept], cluster=cluster, pretrained=pretrained, draws=draws
    )


def _gaps(
    measured: Mapping[tuple[str, str], Scores], wanted: Sequence[tuple[str, str, str]], look: Look
) -> dict[tuple[str, str, str], Gap]:
    """Differences for each (model, other model, task) where both were scored, with p values after Holm's correction."""
    both = {
        (one, other, task): (measured[one, task], measured[other, task])
        for one, other, task in wanted
        if (one, task) in measured and (other, task) in measured
    }
    found = {key: difference(ours, theirs, look) for key, (ours, theirs) in both.items()}
    corrected = holm([gap.p for gap in found.values()])
    by_task = sorted(both, key=lambda key: key[2])  # the resamples of a task's examples are drawn once
    resampled = {key: multi_bootstrap(*both[key]) for key in by_task}
    return {key: Gap(gap, p, resampled[key]) for (key, gap), p in zip(found.items(), corrected, strict=True)}


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
        floor, name, value = _constant(chance, ours[0]), CHANCE, chance
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
