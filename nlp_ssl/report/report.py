"""`nlp-ssl report`: write the report of a comparison.

Reads COMPARISON/results.json and the predictions it names. Writes four files beside it: report.html, which works
offline; report.md, without plots but with every raw score; scores.csv, the raw scores; and differences.csv, every
difference with its interval, p values and multi-bootstrap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from nlp_ssl.atomic_io import remove_leftovers, write_text
from nlp_ssl.console import say, show_result
from nlp_ssl.csv_files import csv_text
from nlp_ssl.options import parse

if TYPE_CHECKING:
    from nlp_ssl.comparison.board import Board
    from nlp_ssl.comparison.results_file import Results


@dataclass(frozen=True, kw_only=True)
class Report:
    """Write the report of a comparison: scores with intervals, verdicts, plots and costs.

    It writes report.html, report.md, scores.csv and differences.csv into the folder of the comparison.
    """

    comparison: tyro.conf.Positional[Path]
    """Folder of a comparison, the --out of `nlp-ssl compare`."""


def main(arguments: Sequence[str]) -> int:
    """Write the report and print its answer on standard output; returns the exit status."""
    folder = parse(Report, "report", arguments).comparison
    show_result(write_report(folder))
    say(f"\nreport: {folder / 'report.html'} (report.md, scores.csv and differences.csv are beside it)")
    return 0


def write_report(folder: Path) -> str:
    """Write report.html, report.md, scores.csv and differences.csv into a comparison's folder; returns the answer.

    The same results give the same bytes. Raises InputError if results.json is missing, damaged or of another format,
    or if predictions it names are missing.
    """
    # Statistics need SciPy, and `--help` does not.
    from nlp_ssl.comparison.analysis import boards
    from nlp_ssl.comparison.results_file import load_results

    results = load_results(folder)
    return write_analysed(folder, results, boards(results, folder))


def write_analysed(folder: Path, results: Results, boards: Sequence[Board]) -> str:
    """The same from results that are loaded, and their analysis."""
    from nlp_ssl.comparison.results_file import COLUMNS
    from nlp_ssl.report import html, markdown
    from nlp_ssl.report.blocks import Paragraph, Section, Table, TableRow
    from nlp_ssl.report.contents import all_sections
    from nlp_ssl.report.formats import count, list_names, scale
    from nlp_ssl.report.sections.differences import differences_csv

    question, corpus = results["question"], results["corpus"]["name"]
    title = f"{count(len(question['objectives']), 'objective')} compared on {corpus}"
    facts = (
        f"{list_names(question['objectives'])}. {scale(question['size'], question['budget'], corpus)} "
        f"{count(len(question['seeds']), 'pretraining seed')}. {results['date'][:10]}."
    )
    sections = all_sections(results, boards)
    rows = [TableRow(["" if score[c] is None else str(score[c]) for c in COLUMNS]) for score in results["scores"]]
    raw = Section("raw", "Raw scores", [Table("", COLUMNS, rows)])
    files = {
        "report.html": html.render(title, facts, sections),
        "report.md": markdown.render(title, facts, [*sections, raw]),
        "scores.csv": scores_csv(results["scores"]),
        "differences.csv": differences_csv(boards),
    }
    for name, text in files.items():
        remove_leftovers(folder / name)
        write_text(folder / name, text)
    answer = sections[0].blocks[0]
    assert isinstance(answer, Paragraph)
    return answer.text


def scores_csv(scores: Sequence[dict[str, object]]) -> str:
    """Every score on a line; values that do not apply are empty."""
    from nlp_ssl.comparison.results_file import COLUMNS

    return csv_text(COLUMNS, ([score[column] for column in COLUMNS] for score in scores))
