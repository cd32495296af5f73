"""The order of the sections."""

from __future__ import annotations

from collections.abc import Sequence

from nlp_ssl.comparison.analysis import Board
from nlp_ssl.comparison.results_file import Results
from nlp_ssl.report.blocks import Section
from nlp_ssl.report.sections.answer import answer
from nlp_ssl.report.sections.bibliography import bibliography
from nlp_ssl.report.sections.choices import choices
from nlp_ssl.report.sections.costs import costs
from nlp_ssl.report.sections.failures import failures
from nlp_ssl.report.sections.matrix import matrix
from nlp_ssl.report.sections.objectives import objectives
from nlp_ssl.report.sections.overlap import overlap
from nlp_ssl.report.sections.pairs import pairs
from nlp_ssl.report.sections.plots import plots
from nlp_ssl.report.sections.provenance import provenance
from nlp_ssl.report.sections.scores import further_scores, scores
from nlp_ssl.report.sections.seeds import seeds


def contents(results: Results, boards: Sequence[Board]) -> list[Section]:
    """All sections that have something to say, the answer first. `boards` are in the order of the analysis."""
    main = [board for board in boards if board.setting.method == boards[0].setting.method]
    return [
        answer(results, boards),
        scores(results, main),
        *([pairs(main[0])] if main and len(main[0].objectives) > 1 else []),
        plots(results, boards),
        *([further_scores(boards[len(main) :])] if len(boards) > len(main) else []),
        *([seeds(boards)] if boards else []),
        *([choices(results)] if results["choices"] else []),
        objectives(results),
        *([matrix(results)] if results["matrix"] else []),
        costs(results),
        overlap(results),
        failures(results),
        provenance(results),
        bibliography(results, boards),
    ]
