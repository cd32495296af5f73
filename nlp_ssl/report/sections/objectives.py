"""The objectives: validation metrics, examples and recipes."""

from __future__ import annotations

import numpy as np

from nlp_ssl.comparison.results_file import Results, finished_runs, sequences
from nlp_ssl.report.blocks import Block, Listing, Paragraph, Section, Table, TableCell, TableRow
from nlp_ssl.report.formats import is_percentage, metric_title, metric_value

NOTE = "Mean over seeds, on validation documents. Columns compare only objectives that predict the same thing."

EXISTING = "an existing model, scored as it is, without pretraining here."


def objectives(results: Results) -> Section:
    """The table of validation metrics, then each objective's examples and recipe."""
    blocks: list[Block] = [validation_table(results)]
    for entry in results["objectives"]:
        if entry.get("existing"):
            blocks.append(Paragraph(f"{entry['name']}: {EXISTING}"))
            continue
        rows = [
            TableRow([str(i), example["text"], example["input"], example["target"]])
            for i, example in enumerate(entry["shown"], 1)
        ]
        header = ["", "text", "input", "target"] if rows else []
        language = results["corpus"]["language"]
        blocks.append(Table(entry["name"], header, rows, entry["paper"], prose=True, language=language))
        blocks.append(Listing(f"Recipe of {entry['name']}", entry["recipe"].rstrip(), folded=True))
    return Section("objectives", "Objectives and examples", blocks)


def validation_table(results: Results) -> Table:
    """Validation metrics of each objective. Those of a sequence have a loss each, and none in common."""
    keys = dict.fromkeys(key for run in finished_runs(results) for key in run["validation"])
    rows = []
    for entry in results["objectives"]:
        found = [run["validation"] for run in finished_runs(results, entry["name"])]
        cells: list[TableCell | str] = [entry["name"], entry["body"]]
        for key in keys:
            in_common = not (key == "loss" and entry["name"] in sequences(results))
            values = [metrics[key] for metrics in found if in_common and metrics.get(key) is not None]
            cells.append(metric_value(key, float(np.mean(values))) if values else "–")
        rows.append(TableRow(cells))
    names = [f"{metric_title(key)}{', %' * is_percentage(key)}" for key in keys]
    return Table("Validation metrics", ["objective", "body", *names], rows, NOTE)
