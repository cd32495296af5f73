"""Texts of the tasks that occur in the pretraining corpus."""

from __future__ import annotations

from nlp_ssl.comparison.results_file import Results
from nlp_ssl.report.blocks import Section, Table, TableCell, TableRow
from nlp_ssl.report.formats import percent

NOTE = "Examples whose text, or a near copy of it, occurs in the pretraining corpus. –: not checked."


def overlap(results: Results) -> Section:
    """The table of tasks by splits."""
    splits = dict.fromkeys(split for task in results["tasks"] for split in task.get("overlap") or {})
    rows = [
        TableRow([task["name"], *(overlap_cell((task.get("overlap") or {}).get(split)) for split in splits)])
        for task in results["tasks"]
    ]
    title = "Overlap of the corpus with the tasks"
    return Section("overlap", title, [Table("", ["task", *splits], rows, NOTE)])


def overlap_cell(found: dict[str, int] | None) -> TableCell | str:
    """The share of a split that occurs in the corpus, with counts."""
    share = overlap_share(found)
    if found is None or share is None:
        return "–"
    counts = f"{found['exact']:,} exact, {found['near']:,} near", f"of {found['of']:,}"
    return TableCell(f"{percent(share)} %", counts)


def overlap_share(found: dict[str, int] | None) -> float | None:
    """The share of a split that occurs in the corpus, exactly or nearly; None if it was not checked."""
    return (found["exact"] + found["near"]) / found["of"] if found and found["of"] else None
