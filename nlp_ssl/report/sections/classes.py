"""Precision, recall and F1 of each class, and confusion matrices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nlp_ssl.comparison.board import Board
from nlp_ssl.comparison.results_file import Results
from nlp_ssl.console import table
from nlp_ssl.report.blocks import Block, Listing, Paragraph, Section, Table, TableCell, TableRow
from nlp_ssl.report.formats import lower, percent, setting_title

NOTE = (
    "F1 of each class, with precision (P) and recall (R) below it, in percent: means over seeds. AUC is the area under "
    "the ROC curve of one class against the rest, the mean over classes."
)
MOST_IN_MATRIX = 10
"""Confusion matrices of more classes are only in results.json."""

Reports = Mapping[str, Sequence[dict[str, Any]]]
"""Reports by model, one for each pretraining seed."""


def classes(results: Results, main: Board) -> Section:
    """A table for each task of the main board, and the confusion matrices of its objectives."""
    blocks: list[Block] = [Paragraph(NOTE, "note")]
    for task in main.tasks:
        setting = main.settings[task]
        found: dict[str, list[dict[str, Any]]] = {}
        for report in results["classes"]:
            of_text = report["model"] in main.text_baselines
            same = report["task"] == task and report["train_examples"] == setting.train_examples
            if same and report["model"] in main.models and (of_text or report["method"] == setting.method):
                found.setdefault(report["model"], []).append(report)
        if found:
            title = f"{task}, {lower(setting_title(setting))}"
            blocks += [class_table(title, found, main), *confusions(task, found, main.objectives)]
    return Section("classes", "Scores of each class", blocks)


def class_table(title: str, found: Reports, board: Board) -> Table:
    """Classes by models, with the AUC in the last row."""
    models = [model for model in board.models if model in found]
    first = found[models[0]][0]
    rows = [
        TableRow([TableCell(label, (f"{figures['support']:,} scored",)), *(_cell(found[m], label) for m in models)])
        for label, figures in first["classes"].items()
    ]
    areas = [percent(float(np.mean([report["auc"] for report in found[model]]))) for model in models]
    header = [f"class ({first['split']})", *(board.title(model) for model in models)]
    return Table(title, header, [*rows, TableRow(["AUC", *areas])], folded=True)


def _cell(reports: Sequence[dict[str, Any]], label: str) -> TableCell:
    p, r, f1 = (
        percent(float(np.mean([report["classes"][label][key] for report in reports])))
        for key in ("precision", "recall", "f1")
    )
    return TableCell(f1, (f"P {p}", f"R {r}"))


def confusions(task: str, found: Reports, objectives: Sequence[str]) -> Iterator[Listing]:
    """The confusion matrix of each objective: the mean number of examples over seeds."""
    for model in objectives:
        matrices = [report["confusion"] for report in found.get(model, []) if "confusion" in report]
        if not matrices or len(matrices[0]) > MOST_IN_MATRIX:
            continue
        labels = list(found[model][0]["classes"])
        rows = [
            [label, *(f"{count:.1f}" for count in row)]
            for label, row in zip(labels, np.mean(matrices, axis=0), strict=True)
        ]
        text = table(["gold, predicted as", *labels], rows)
        yield Listing(f"Confusion matrix of {model} on {task}", text, folded=True)
