"""Write the results of an experiment: the printed table, and the files in OUT.

scores.json          scores of all seeds, hyperparameters, seconds, versions, the command
scores.md            the printed table
scores.csv           a line for each score
predictions/         predictions of the pretrained model on labelled splits, by seed (fine-tuning) or method (probing)
scored/              labels and predictions of every model as arrays, for each result and labelled split
submission/          predictions on unlabelled test splits, in the benchmark's format
model/               the fine-tuned model of the first seed, in Hugging Face format, with its model card
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from nlp_ssl.array_files import write_arrays
from nlp_ssl.atomic_io import write_text
from nlp_ssl.console import say, show_written, speaks, table
from nlp_ssl.csv_files import csv_text
from nlp_ssl.statistics.intervals import Scores, difference, interval, measure
from nlp_ssl.tasks.class_report import class_report
from nlp_ssl.tasks.declaration import OF_POSITIVE, Task
from nlp_ssl.tasks.draws import EXTENDED, ScoredSplit
from nlp_ssl.tasks.metrics import OF_PROBABILITIES
from nlp_ssl.tasks.splits import LabelledExamples
from nlp_ssl.versions import versions

if TYPE_CHECKING:
    from nlp_ssl.evaluation.result_cache import CachedResult
    from nlp_ssl.tasks.kinds.base import TaskKind


@dataclass(frozen=True)
class Row:
    """A row of the table: a model with its results."""

    key: str
    name: str
    parts: list[CachedResult]
    seeds: list[int | None]
    """The seed of each result; [None] for a result that no seed changes."""
    method: Literal["finetune", "probe", "knn"] | None = None
    """How a network is scored. A row is compared with the random initialisation scored by the same method."""


def provenance() -> dict[str, Any]:
    """The versions, machine and date of a result, for scores.json."""
    return {
        "versions": versions(),
        "machine": f"{platform.machine()}, {platform.system()}",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def write_result(
    out: Path,
    task: Task,
    kind: TaskKind,
    predicted: Mapping[str, LabelledExamples],
    scored: Sequence[ScoredSplit],
    rows: list[Row],
    facts: dict[str, Any],
) -> dict[str, Any]:
    """Score the rows, print the table and write all files. Returns the content of scores.json.

    The rows have outputs for the `predicted` splits, of which the `scored` ones consist.
    """
    for split in scored:
        if split.name == EXTENDED:
            facts["examples"][EXTENDED] = int(split.kept.sum())
            facts["texts that recur"] = int((~split.kept).sum())
    measured = {
        score_name(task, metric, split.name): (split, [_measured(row, metric, kind, split) for row in rows])
        for split in scored
        for metric in task.metrics
    }
    models = [_scored(number, rows, measured) for number in range(len(rows))]
    for row, model in zip(rows, models, strict=True):
        model["outputs"] = {split.name: _write_scored(out, row, split, kind, task) for split in scored}
        if (classes := _class_report(row, scored[0], kind)) is not None:
            model["classes"] = {"split": scored[0].name, **classes}
    result = {
        "task": task.name,
        "title": task.title,
        "paper": task.paper,
        "kind": task.kind,
        "labels": list(kind.labels),
        **({"positive": task.positive} if task.positive else {}),
        **facts,
        "models": models,
        **provenance(),
    }
    if not speaks():
        return result
    header, lines = _table(models, list(measured))
    n = facts["examples"]
    scored_on = " and ".join(f"{n[split.name]:,} of {split.name}" for split in scored)
    if (left_out := facts.get("texts that recur")) is not None:
        say(
            f"{EXTENDED} is {', '.join(scored[0].parts[:-1])} and unused training examples; left out {left_out:,} "
            "examples whose texts a draw of training examples also has"
        )
    seeds = max(len(row.parts) for row in rows)
    folds = f"{facts['folds']} folds, " if "folds" in facts else ""
    caption = (
        f"{task.name}: {n['train']:,} training examples, scored on {scored_on}, {folds}{seeds} seed{'s' * (seeds > 1)}"
    )

    _write_predictions(out, task, kind, predicted, [row for row in rows if row.key == "pretrained"])
    write_text(out / "scores.md", markdown(caption, header, lines, facts["command"]))
    write_text(out / "scores.csv", _csv(models))
    write_text(out / "scores.json", json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    show_written(f"{caption}\n\n{table(header, lines)}", out)
    return result


def _write_predictions(
    out: Path, task: Task, kind: TaskKind, splits: Mapping[str, LabelledExamples], rows: list[Row]
) -> None:
    """Write the predictions of the pretrained model; submissions have those of its first row and seed."""
    (out / "predictions").mkdir(exist_ok=True)
    for split, examples in splits.items():
        if examples.labels is None:
            (out / "submission").mkdir(exist_ok=True)
            file = out / "submission" / task.submission.get(split, f"{split}.tsv")
            predictions = kind.submission(rows[0].parts[0].outputs[split], examples, task.submission_labels == "names")
            write_text(file, _submission(predictions))
            continue
        for row in rows:
            for seed, part in zip(row.seeds, row.parts, strict=True):
                stem = seed if row.method == "finetune" else f"{row.method}-{seed}" if seed else row.method
                name = f"{stem}.tsv" if split == "dev" else f"{split.removeprefix('dev_')}-{stem}.tsv"
                write_text(out / "predictions" / name, _tsv(*kind.prediction_table(part.outputs[split], examples)))


def markdown(
    caption: str, header: Sequence[str], lines: Sequence[Sequence[str]], command: str, notes: Sequence[str] = ()
) -> str:
    """A Markdown table with a caption above, and paragraphs of notes and the command below."""
    rows = ["| " + " | ".join(line) + " |" for line in (header, ["---"] * len(header), *lines)]
    return "\n".join([caption, "", *rows, "", *(f"{note}\n" for note in notes), f"`{command}`", ""])


def score_name(task: Task, metric: str, split: str) -> str:
    """The name of a metric on a split: "accuracy" for dev, "accuracy matched" for dev_matched, "f1 (of 'spam')"."""
    metric += f" (of {task.positive!r})" if metric in OF_POSITIVE and task.positive else ""
    return metric if split == "dev" else f"{metric} {split.removeprefix('dev_')}"


def _scored(number: int, rows: list[Row], measured: Mapping[str, tuple[ScoredSplit, list[Scores]]]) -> dict[str, Any]:
    """The entry of a row's model in scores.json; `measured` has the scores of all rows."""
    row = rows[number]
    beside = (i for i, r in enumerate(rows) if r.key == "random_init" and row.method in (r.method, None))
    random_init = next(beside, None)
    scores: dict[str, dict[str, Any]] = {}
    for name, (split, of_rows) in measured.items():
        ours = of_rows[number]
        seeds = ours.values[0].tolist()
        scores[name] = {"split": split.name, "seeds": seeds, **asdict(interval(ours))}
        if len(seeds) > 1:
            scores[name]["sd"] = float(np.std(seeds, ddof=1))
        if random_init is not None and random_init != number:
            gap = difference(ours, of_rows[random_init])
            scores[name]["vs_random_init"] = {**asdict(gap), "verdict": gap.verdict}
    choices = {k: v for k, v in row.parts[0].facts.items() if k not in ("seconds", "seed")}
    seconds = [part.facts["seconds"] for part in row.parts]
    head = {"key": row.key, "name": row.name, "method": row.method, "seeds": row.seeds}
    return {**head, "scores": scores, **choices, "seconds": seconds}


def _measured(row: Row, metric: str, kind: TaskKind, split: ScoredSplit) -> Scores:
    """The scores of a model over its seeds, for one pretraining seed."""
    outputs = [split.outputs(part.outputs) for part in row.parts]
    examples, kept = split.examples, split.kept
    predicted = [[kind.for_metric(metric, found, examples)[kept] for found in outputs]]
    cluster = None if examples.clusters is None else examples.clusters[kept]
    return measure(metric, kind.gold(examples)[kept], predicted, cluster=cluster, pretrained=row.key == "pretrained")


def _write_scored(out: Path, row: Row, split: ScoredSplit, kind: TaskKind, task: Task) -> list[str]:
    """Write what the scores of a row on a split are computed from; returns the path of each result's file below OUT.

    A file has `gold` and `predicted` [n, ...], `kept` (which examples are scored, bool [n]), `cluster` [n] if examples
    are not independent and, if a metric needs them, `probabilities`.
    """
    files = []
    for part in row.parts:
        outputs = split.outputs(part.outputs)
        arrays = {
            "gold": kind.gold(split.examples),
            "predicted": kind.predictions(outputs, split.examples),
            "kept": split.kept,
        }
        if split.examples.clusters is not None:
            arrays["cluster"] = split.examples.clusters
        if set(task.metrics) & set(OF_PROBABILITIES):
            arrays["probabilities"] = kind.probabilities(outputs)
        file = Path("scored") / f"{part.name}-{split.name}.npz"
        files.append(str(file))
        if speaks():
            write_arrays(out / file, arrays)
    return files


def _class_report(row: Row, split: ScoredSplit, kind: TaskKind) -> dict[str, Any] | None:
    """The figures of each class on the scored examples of a split."""
    assert split.examples.labels is not None
    kept = np.flatnonzero(split.kept)
    units = np.repeat(split.kept, split.examples.word_counts) if kind.labels_words else split.kept
    outputs = [split.outputs(part.outputs)[units] for part in row.parts]
    return class_report(kind, split.examples.labels[kept], outputs)


def _table(models: list[dict[str, Any]], names: list[str]) -> tuple[list[str], list[list[str]]]:
    """The header and lines of the printed table. Scores are in percent; the last columns compare the first score."""
    compared = len(models) > 1
    header = ["model", *names, *([f"Δ {names[0]} vs random init [95 %]", "verdict"] if compared else [])]
    lines = []
    for model in models:
        cells = [model["name"]]
        for name in names:
            score = model["scores"][name]
            spread = f" ± {100 * score['sd']:.1f}" if "sd" in score else ""
            cells.append(f"{100 * score['mean']:.1f}{spread}")
        gap = model["scores"][names[0]].get("vs_random_init")
        if gap:
            cells += [f"{100 * gap['mean']:+.1f} [{100 * gap['low']:+.1f}, {100 * gap['high']:+.1f}]", gap["verdict"]]
        elif compared:
            cells += ["", ""]
        lines.append(cells)
    return header, lines


def _tsv(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(["\t".join(row) for row in (header, *rows)] + [""])


def _submission(predictions: Sequence[str]) -> str:
    """A .tsv in the format of gluebenchmark.com: the index of the example, counted from 0, and the prediction."""
    return _tsv(["index", "prediction"], [[str(i), prediction] for i, prediction in enumerate(predictions)])


def _csv(models: list[dict[str, Any]]) -> str:
    rows = (
        [model["name"], name, seed, value]
        for model in models
        for name, score in model["scores"].items()
        for seed, value in enumerate(score["seeds"], 1)
    )
    return csv_text(["model", "metric", "seed", "score"], rows)
