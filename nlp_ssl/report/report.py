"""`nlp-ssl report`: write the report of a comparison.

Reads COMPARISON/results.json and the predictions it names. Writes three files beside it: report.html, which works
offline; report.md, without plots but with every raw score; and scores.csv, the raw scores.
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
from nlp_ssl.options import parse


@dataclass(frozen=True, kw_only=True)
class Report:
    """Write the report of a comparison: scores with intervals, verdicts, plots and costs.

    It writes report.html, report.md and scores.csv into the folder of the comparison.
    """

    comparison: tyro.conf.Positional[Path]
    """Folder of a comparison, the --out of `nlp-ssl compare`."""


def main(arguments: Sequence[str]) -> int:
    """Write the report and print its answer on standard output; returns the exit status."""
    folder = parse(Report, "report", arguments).comparison
    print(write_report(folder), flush=True)
    say(f"\nreport: {folder / 'report.html'} (report.md and scores.csv are beside it)")
    return 0


def write_report(folder: Path) -> str:
    """Write report.html, report.md and scores.csv into a comparison's folder; returns the answer.

    The same results give the same bytes. Raises InputError if results.json is missing, damaged or of another format,
    or if predictions it names are missing.
    """
    # Statistics need SciPy, and `--help` does not.
    from nlp_ssl.comparison.analysis import boards
    from nlp_ssl.comparison.results_file import COLUMNS, load_results
    from nlp_ssl.report import html, markdown
    from nlp_ssl.report.blocks import Paragraph, Section, Table, TableRow
    from nlp_ssl.report.contents import contents
    from nlp_ssl.report.formats import count, join, scale

    results = load_results(folder)
    question, corpus = results["question"], results["corpus"]["name"]
    title = f"{count(len(question['objectives']), 'objective')} compared on {corpus}"
    facts = (
        f"{join(question['objectives'])}. {scale(question['size'], question['budget'], corpus)} "
        f"{count(len(question['seeds']), 'pretraining seed')}. {results['date'][:10]}."
    )
    sections = contents(results, boards(results, folder))
    rows = [TableRow(["" if score[c] is None else str(score[c]) for c in COLUMNS]) for score in results["scores"]]
    raw = Section("raw", "Raw scores", [Table("", COLUMNS, rows)])
    write_text(folder / "report.html", html.render(title, facts, sections))
    write_text(folder / "report.md", markdown.render(title, facts, [*sections, raw]))
    write_text(folder / "scores.csv", scores_csv(results["scores"]))
    answer = sections[0].blocks[0]
    assert isinstance(answer, Paragraph)
    return answer.text


def scores_csv(scores: Sequence[dict[str, object]]) -> str:
    """Every score on a line; values that do not apply are empty."""
    from nlp_ssl.comparison.results_file import COLUMNS

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([score[column] for column in COLUMNS] for score in scores)
    return text.getvalue()
