"""Write the results of an experiment: the printed table, and the files in OUT.

scores.json          scores of all seeds, hyperparameters, seconds, versions, the command
scores.md            the printed table
scores.csv           a line for each score
predictions/         predictions of the pretrained model on labelled splits, by seed (fine-tuning) or method (probing)
submission/          predictions on unlabelled test splits, in the benchmark's format
model/               the fine-tuned model of the first seed, in Hugging Face format
"""

from __future__ import annotations

import csv
import io
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from nlp_ssl.atomic_io import write_text
from nlp_ssl.console import say, speaks, table
from nlp_ssl.statistics.intervals import Scores, difference, measure
from nlp_ssl.tasks.declaration import Task
from nlp_ssl.tasks.splits import LabelledExamples

if TYPE_CHECKING:
    from nlp_ssl.evaluation.result_cache import CachedResult
    from nlp_ssl.tasks.kinds.base import TaskKind

LIBRARIES = ("nlp_ssl", "torch", "transformers", "tokenizers", "accelerate", "scikit-learn", "numpy")


@dataclass(frozen=True)
class Row:
    """A row of the table: a model with a result for each seed."""

    key: str
    name: str
    parts: list[CachedResult]
    method: Literal["finetune", "probe", "knn"] | None = None
    """How a network is scored. A row is compared with the random initialisation scored by the same method."""


def provenance() -> dict[str, Any]:
    """The versions, machine and date of a result, for scores.json."""
    return {
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        "machine": f"{platform.machine()}, {platform.system()}",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def write_result(
    out: Path,
    task: Task,
    kind: TaskKind,
    splits: dict[str, LabelledExamples],
    rows: list[Row],
    facts: dict[str, Any],
) -> dict[str, Any]:
    """Score the rows, print the table and write all files. Returns the content of scores.json."""
    scored = [split for split, examples in splits.items() if examples.labels is not None]
    measured = {score_name(task, metric, split): (metric, split) for split in scored for metric in task.metrics}
    models = [_scored(row, rows, measured, kind, splits) for row in rows]
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
    scored_on = " and ".join(f"{n[split]:,} of {split}" for split in scored)
    seeds = max(len(row.parts) for row in rows)
    caption = f"{task.name}: {n['train']:,} training examples, scored on {scored_on}, {seeds} seed{'s' * (seeds > 1)}"

    _write_predictions(out, task, kind, splits, [row for row in rows if row.key == "pretrained"])
    write_text(out / "scores.md", markdown(caption, header, lines, facts["command"]))
    write_text(out / "scores.csv", _csv(models))
    write_text(out / "scores.json", json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    print(f"{caption}\n\n{table(header, lines)}", flush=True)
    say(f"\nall results are in {out}")
    return result


def _write_predictions(
    out: Path, task: Task, kind: TaskKind, splits: dict[str, LabelledExamples], rows: list[Row]
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
            for part in row.parts:
                stem = part.facts.get("seed", row.method)
                name = f"{stem}.tsv" if split == "dev" else f"{split.removeprefix('dev_')}-{stem}.tsv"
                write_text(out / "predictions" / name, _tsv(*kind.prediction_table(part.outputs[split], examples)))


def markdown(caption: str, header: Sequence[str], lines: Sequence[Sequence[str]], command: str) -> str:
    """A Markdown table with a caption above and the command below."""
    rows = ["| " + " | ".join(line) + " |" for line in (header, ["---"] * len(header), *lines)]
    return "\n".join([caption, "", *rows, "", f"`{command}`", ""])


def score_name(task: Task, metric: str, split: str) -> str:
    """The name of a metric on a split: "accuracy" for dev, "accuracy matched" for dev_matched, "f1 (of 'spam')"."""
    metric += f" (of {task.positive!r})" if metric == "f1" and task.positive else ""
    return metric if split == "dev" else f"{metric} {split.removeprefix('dev_')}"


def _scored(
    row: Row,
    rows: list[Row],
    measured: dict[str, tuple[str, str]],
    kind: TaskKind,
    splits: dict[str, LabelledExamples],
) -> dict[str, Any]:
    """A model's entry in scores.json."""
    random_init = next((r for r in rows if r.key == "random_init" and row.method in (r.method, None)), None)
    scores: dict[str, dict[str, Any]] = {}
    for name, (metric, split) in measured.items():
        ours = _measured(row, metric, kind, split, splits[split])
        seeds = ours.values[0].tolist()
        scores[name] = {"seeds": seeds, "mean": ours.mean}
        if len(seeds) > 1:
            scores[name]["sd"] = float(np.std(seeds, ddof=1))
        if random_init is not None and row is not random_init:
            gap = difference(ours, _measured(random_init, metric, kind, split, splits[split]))
            scores[name]["vs_random_init"] = {**asdict(gap), "verdict": gap.verdict}
    choices = {k: v for k, v in row.parts[0].facts.items() if k not in ("seconds", "seed")}
    seconds = [part.facts["seconds"] for part in row.parts]
    return {"key": row.key, "name": row.name, "method": row.method, "scores": scores, **choices, "seconds": seconds}


def _measured(row: Row, metric: str, kind: TaskKind, split: str, examples: LabelledExamples) -> Scores:
    """The scores of a model over its seeds, for one pretraining seed."""
    predicted = [[kind.predictions(part.outputs[split], examples) for part in row.parts]]
    return measure(metric, kind.gold(examples), predicted, pretrained=row.key == "pretrained")


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
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["model", "metric", "seed", "score"])
    for model in models:
        for name, score in model["scores"].items():
            writer.writerows([model["name"], name, seed, value] for seed, value in enumerate(score["seeds"], 1))
    return text.getvalue()
