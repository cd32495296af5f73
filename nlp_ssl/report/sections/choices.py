"""Learning rates and epochs that fine-tuning selected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nlp_ssl.comparison.results_file import Results, Setting
from nlp_ssl.report.blocks import Paragraph, Section, Table, TableCell, TableRow
from nlp_ssl.report.formats import count, list_names, percent, setting_title

NOTE = (
    "Selected learning rate of each pretraining seed. Below: the selected epochs and the score on the selection part "
    "of train; in brackets the best score of each other learning rate. Where these are close, the choice is partly "
    "luck."
)


def choices(results: Results) -> Section:
    """A table for each number of training examples."""
    sizes = dict.fromkeys(entry["train_examples"] for entry in results["choices"])
    tables = [choice_table(results, size) for size in sizes]
    return Section("choices", "Fine-tuning hyperparameters", [Paragraph(NOTE, "note"), *tables])


def choice_table(results: Results, train_examples: int | None) -> Table:
    """Models by tasks."""
    objectives = results["question"]["objectives"]
    found = [entry for entry in results["choices"] if entry["train_examples"] == train_examples]
    tasks = {entry["task"]: entry["examples"] for entry in found}
    entries: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for entry in sorted(found, key=lambda entry: entry["pretraining_seed"] or 0):
        entries.setdefault((entry["model"], entry["task"]), []).append(entry)
    order = {name: i for i, name in enumerate(objectives)}
    models = sorted({model for model, _ in entries}, key=lambda model: (order.get(model, len(order)), model))
    rows = [
        TableRow(
            [model, *(choice_cell(entries.get((model, task), [])) for task in tasks)],
            muted=model not in objectives,
        )
        for model in models
    ]
    header = [
        TableCell(task, (f"{e['train'] - e['selection']:,} for training", f"{e['selection']:,} for selection"))
        for task, e in tasks.items()
    ]
    title = setting_title(Setting("finetune", train_examples, None))
    return Table(title, ["model", *header], rows, at_the_limits(found))


def choice_cell(entries: Sequence[dict[str, Any]]) -> TableCell | str:
    """The choices of a model's pretraining seeds: "0.001", "3 epochs, 71.5 (0.0001: 68.0)"."""
    if not entries:
        return "–"
    details = []
    for entry in entries:
        (chosen,) = (percent(t["score"]) for t in entry["tried"] if t["learning_rate"] == entry["learning_rate"])
        others = [t for t in entry["tried"] if t["learning_rate"] != entry["learning_rate"]]
        rest = ", ".join(f"{t['learning_rate']:g}: {percent(t['score'])}" for t in others)
        details.append(f"{count(entry['epochs'], 'epoch')}, {chosen}{f' ({rest})' if rest else ''}")
    return TableCell(", ".join(f"{entry['learning_rate']:g}" for entry in entries), tuple(details))


def at_the_limits(found: Sequence[dict[str, Any]]) -> str:
    """How many models selected the highest or the lowest learning rate."""
    rates = sorted(t["learning_rate"] for t in found[0]["tried"])
    if len(rates) == 1:
        return f"Only one learning rate was tried, {rates[0]:g}. Others may suit some models better."
    chosen = [entry["learning_rate"] for entry in found]
    limits = [(chosen.count(rates[-1]), "highest"), (chosen.count(rates[0]), "lowest")]
    said = list_names([f"{n} selected the {limit}" for n, limit in limits if n])
    return f"Of {len(chosen)} models {said} learning rate. A wider range may suit them better." if said else ""
