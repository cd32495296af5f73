"""Each model evaluated on the other objectives."""

from __future__ import annotations

import numpy as np

from nlp_ssl.comparison.results_file import Results
from nlp_ssl.report.blocks import Section, Table, TableCell, TableRow
from nlp_ssl.report.formats import metric_title, metric_value, percent

NOTE = (
    "Rows: the objective of pretraining. Columns: the objective of evaluation, on validation documents. Accuracy in "
    "percent, below it that of the most frequent class; means over seeds. Empty: the model has no such head."
)


def matrix(results: Results) -> Section:
    """The table of models by objectives."""
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    for entry in results["matrix"]:
        found.setdefault((entry["model"], entry["on"]), []).append(entry["metrics"])
    names = results["question"]["objectives"]
    models = [name for name in names if any(model == name for model, _ in found)]
    columns = [name for name in names if any(on == name for _, on in found)]
    rows = [TableRow([model, *(matrix_cell(found.get((model, on))) for on in columns)]) for model in models]
    return Section("matrix", "Models on other objectives", [Table("", ["model", *columns], rows, NOTE)])


def matrix_cell(metrics: list[dict[str, float]] | None) -> TableCell | str:
    """Mean metrics of a model on an objective."""
    if not metrics:
        return ""
    means = {key: float(np.mean([m[key] for m in metrics if key in m])) for key in metrics[0]}
    accuracy = means.pop("accuracy", None)
    details = tuple(f"{metric_title(key)} {metric_value(key, value)}" for key, value in means.items())
    return TableCell("–" if accuracy is None else percent(accuracy), details)
