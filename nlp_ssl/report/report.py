"""`nlp-ssl report`: a comparison's results -> one page that answers "which objective?".

Reads COMPARISON/results.json and the predictions that it names. Writes beside it report.html, which opens offline and
loads nothing; report.md, the same without plots but with every raw score; and scores.csv, every raw score again.

All figures are computed here, from the results alone: the same results give the same bytes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tyro

from nlp_ssl.atomic_io import write_text
from nlp_ssl.console import say


@dataclass(frozen=True, kw_only=True)
class Report:
    """Turn a comparison's results into a page: scores with intervals, verdicts, plots, budgets."""

    comparison: tyro.conf.Positional[Path]
    """The folder of a comparison, as `nlp-ssl compare` leaves it."""


def main(arguments: Sequence[str]) -> int:
    """The command: prints the answer on standard output; returns the exit status."""
    options = tyro.cli(Report, prog="nlp-ssl report", args=list(arguments), description=__doc__)
    folder: Path = options.comparison
    print(write_report(folder), flush=True)
    say(f"\nthe report is {folder / 'report.html'}; report.md and scores.csv are beside it")
    return 0


def write_report(folder: Path) -> str:
    """Write report.html, report.md and scores.csv into a comparison's folder; returns the answer.

    InputError where the folder has no results.json, one of another format, or lacks predictions that it names.
    """
    # Statistics need SciPy, and `--help` does not.
    from nlp_ssl.comparison.analysis import COLUMNS, boards, load
    from nlp_ssl.report import html, markdown, sections
    from nlp_ssl.report.blocks import Paragraph, Section, Table, TableRow

    results = load(folder)
    found = boards(results, folder)
    asked, corpus = results["question"], results["corpus"]
    title = f"Which objective? {len(asked['objectives'])} compared on {corpus['name']}"
    seeds = len(asked["seeds"])
    facts = (
        f"{sections.listed(asked['objectives'])}: {asked['size']} models, {asked['budget']} each, "
        f"{seeds} pretraining seed{'s' * (seeds > 1)}, {results['date'][:10]}"
    )
    page = sections.page(results, found)
    raw = Table(
        "", COLUMNS, [TableRow(["" if s[c] is None else str(s[c]) for c in COLUMNS]) for s in results["scores"]]
    )
    write_text(folder / "report.html", html.render(title, facts, page))
    write_text(folder / "report.md", markdown.render(title, facts, [*page, Section("raw", "Every score", [raw])]))
    write_text(folder / "scores.csv", scores_csv(results["scores"]))
    answer = page[0].blocks[0]
    assert isinstance(answer, Paragraph)
    return answer.text


def scores_csv(scores: Sequence[dict[str, object]]) -> str:
    """Every score, one a line; what does not apply is empty."""
    from nlp_ssl.comparison.analysis import COLUMNS

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([score[column] for column in COLUMNS] for score in scores)
    return text.getvalue()
