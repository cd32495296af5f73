"""The result of an experiment: the table that is printed, and the files in OUT.

scores.json          everything: each score of each seed, choices made, seconds, versions, the command
scores.md, .csv      the table; one line for each score
predictions/         what the pretrained network said to each example with a label, by seed (fine-tuning) or method
submission/          predictions for test splits without labels, as the benchmark takes them
model/               of fine-tuning: the network of the first seed, for `AutoModelForSequenceClassification`
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
import numpy.typing as npt
from scipy.special import softmax

from nlp_ssl.atomic_io import write_text
from nlp_ssl.console import say, speaks, table
from nlp_ssl.statistics.intervals import Scores, difference, measure
from nlp_ssl.tasks.declaration import Task
from nlp_ssl.tasks.splits import LabelledExamples

if TYPE_CHECKING:
    from nlp_ssl.evaluation.result_cache import CachedResult

LIBRARIES = ("nlp_ssl", "torch", "transformers", "tokenizers", "accelerate", "scikit-learn", "numpy")


@dataclass(frozen=True)
class Row:
    """A line of the table: a model, with one part for each of its seeds."""

    key: str
    name: str
    parts: list[CachedResult]
    method: Literal["finetune", "probe", "knn"] | None = None
    """How a network was used; the untrained network that a line is compared with was used in the same way."""


def predictions(outputs: npt.NDArray[Any], labels: Sequence[str]) -> npt.NDArray[Any]:
    """The class of each example, or the number if there are no `labels`, from outputs [n, classes] or [n, 1]."""
    return outputs.argmax(axis=1) if labels else outputs[:, 0]


def provenance() -> dict[str, Any]:
    """What a result was made with, and when."""
    return {
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        "machine": f"{platform.machine()}, {platform.system()}",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def write_result(
    out: Path,
    task: Task,
    labels: tuple[str, ...],
    splits: dict[str, LabelledExamples],
    rows: list[Row],
    facts: dict[str, Any],
) -> dict[str, Any]:
    """Score the rows, print the table on standard output and write all files; returns what scores.json holds."""
    scored = [split for split, examples in splits.items() if examples.labels is not None]
    measured = {score_name(task, metric, split): (metric, split) for split in scored for metric in task.metrics}
    models = [_scored(row, rows, measured, labels, splits) for row in rows]
    result = {
        "task": task.name,
        "title": task.title,
        "paper": task.paper,
        "kind": task.kind,
        "labels": list(labels),
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

    (out / "predictions").mkdir(exist_ok=True)
    pretrained = [(row, part) for row in rows if row.key == "pretrained" for part in row.parts]
    for split in scored:
        for row, part in pretrained:
            one = part.facts.get("seed", row.method)
            name = f"{one}.tsv" if split == "dev" else f"{split.removeprefix('dev_')}-{one}.tsv"
            write_text(out / "predictions" / name, _predictions(part.outputs[split], splits[split], labels))
    for split in (s for s in splits if s not in scored):
        (out / "submission").mkdir(exist_ok=True)
        file = out / "submission" / task.submission.get(split, f"{split}.tsv")
        first = pretrained[0][1].outputs[split]
        write_text(file, _submission(predictions(first, labels), task, labels))
    write_text(out / "scores.md", markdown(caption, header, lines, facts["command"]))
    write_text(out / "scores.csv", _csv(models))
    write_text(out / "scores.json", json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    print(f"{caption}\n\n{table(header, lines)}", flush=True)
    say(f"\nscores and all else are in {out}")
    return result


def markdown(caption: str, header: Sequence[str], lines: Sequence[Sequence[str]], command: str) -> str:
    """A table with what it is of above and how it was made below."""
    rows = ["| " + " | ".join(cells) + " |" for cells in (header, ["---"] * len(header), *lines)]
    return "\n".join([caption, "", *rows, "", f"`{command}`", ""])


def score_name(task: Task, metric: str, split: str) -> str:
    """What a metric on a split is called: "accuracy" on dev, "accuracy matched" on dev_matched."""
    return metric if split == "dev" else f"{metric} {split.removeprefix('dev_')}"


def _scored(
    row: Row,
    rows: list[Row],
    measured: dict[str, tuple[str, str]],
    labels: tuple[str, ...],
    splits: dict[str, LabelledExamples],
) -> dict[str, Any]:
    """A model's entry in scores.json."""
    untrained = next((r for r in rows if r.key == "untrained" and row.method in (r.method, None)), None)
    scores: dict[str, dict[str, Any]] = {}
    for name, (metric, split) in measured.items():
        gold = splits[split].labels
        assert gold is not None
        ours = _measured(row, metric, split, gold, labels)
        seeds = ours.values[0].tolist()
        scores[name] = {"seeds": seeds, "mean": ours.mean}
        if len(seeds) > 1:
            scores[name]["sd"] = float(np.std(seeds, ddof=1))
        if untrained is not None and row is not untrained:
            gap = difference(ours, _measured(untrained, metric, split, gold, labels))
            scores[name]["less untrained"] = {**asdict(gap), "verdict": gap.verdict}
    choices = {k: v for k, v in row.parts[0].facts.items() if k not in ("seconds", "seed")}
    seconds = [part.facts["seconds"] for part in row.parts]
    return {"key": row.key, "name": row.name, "method": row.method, "scores": scores, **choices, "seconds": seconds}


def _measured(row: Row, metric: str, split: str, gold: npt.NDArray[Any], labels: tuple[str, ...]) -> Scores:
    """The scores of a model: fine-tuning seeds of one pretraining seed."""
    predicted = [[predictions(part.outputs[split], labels) for part in row.parts]]
    return measure(metric, gold, predicted, pretrained=row.key == "pretrained")


def _table(models: list[dict[str, Any]], names: list[str]) -> tuple[list[str], list[list[str]]]:
    """Scores in hundredths; the difference is that of the first score."""
    compared = len(models) > 1
    header = ["model", *names, *([f"{names[0]}, less untrained [95 %]", "verdict"] if compared else [])]
    lines = []
    for model in models:
        cells = [model["name"]]
        for name in names:
            figures = model["scores"][name]
            spread = f" ± {100 * figures['sd']:.1f}" if "sd" in figures else ""
            cells.append(f"{100 * figures['mean']:.1f}{spread}")
        gap = model["scores"][names[0]].get("less untrained")
        if gap:
            cells += [f"{100 * gap['mean']:+.1f} [{100 * gap['low']:+.1f}, {100 * gap['high']:+.1f}]", gap["verdict"]]
        elif compared:
            cells += ["", ""]
        lines.append(cells)
    return header, lines


def _predictions(outputs: npt.NDArray[Any], examples: LabelledExamples, labels: Sequence[str]) -> str:
    """A .tsv: the number of the example, gold, predicted, the prediction's probability, the text."""
    predicted, gold = predictions(outputs, labels), examples.labels
    assert gold is not None
    # A tab or a line break in a text would break the row.
    pairs = [""] * len(examples) if examples.pairs is None else [f" ||| {pair}" for pair in examples.pairs]
    texts = [" ".join((text + pair).split()) for text, pair in zip(examples.texts, pairs, strict=True)]
    if not labels:
        rows = (f"{i}\t{g:g}\t{p:.4f}\t{t}" for i, (g, p, t) in enumerate(zip(gold, predicted, texts, strict=True), 1))
        return "\n".join(["example\tgold\tpredicted\ttext", *rows, ""])
    sure = softmax(outputs, axis=1).max(axis=1)
    both = zip(gold, predicted, sure, texts, strict=True)
    rows = (f"{i}\t{labels[g]}\t{labels[p]}\t{s:.4f}\t{t}" for i, (g, p, s, t) in enumerate(both, 1))
    return "\n".join(["example\tgold\tpredicted\tprobability\ttext", *rows, ""])


def _submission(predicted: npt.NDArray[Any], task: Task, labels: Sequence[str]) -> str:
    """A .tsv as gluebenchmark.com takes it: the row's index from 0, and the name or id of the class, or the number."""
    names = task.submission_labels == "names"
    said = [(labels[p] if names else str(p)) if labels else f"{p:.3f}" for p in predicted]
    return "\n".join(["index\tprediction", *(f"{i}\t{p}" for i, p in enumerate(said)), ""])


def _csv(models: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["model", "metric", "seed", "score"])
    for model in models:
        for name, figures in model["scores"].items():
            writer.writerows([model["name"], name, seed, value] for seed, value in enumerate(figures["seeds"], 1))
    return text.getvalue()
