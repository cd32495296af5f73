"""The order of the sections."""

from __future__ import annotations

from collections.abc import Sequence

from nlp_ssl.comparison.board import Board
from nlp_ssl.comparison.results_file import Results
from nlp_ssl.report.blocks import Section
from nlp_ssl.report.sections.answer import answer
from nlp_ssl.report.sections.bibliography import bibliography
from nlp_ssl.report.sections.choices import choices
from nlp_ssl.report.sections.classes import classes
from nlp_ssl.report.sections.costs import costs
from nlp_ssl.report.sections.differences import differences
from nlp_ssl.report.sections.failures import failures
from nlp_ssl.report.sections.knowledge import kinds_of_knowledge, knowledge
from nlp_ssl.report.sections.matrix import matrix
from nlp_ssl.report.sections.objectives import objectives
from nlp_ssl.report.sections.overlap import overlap
from nlp_ssl.report.sections.pairs import pairs
from nlp_ssl.report.sections.plots import plots
from nlp_ssl.report.sections.provenance import provenance
from nlp_ssl.report.sections.scores import further_scores, scores
from nlp_ssl.report.sections.seeds import seeds


def all_sections(results: Results, boards: Sequence[Board]) -> list[Section]:
    """All sections that have something to say, the answer first. `boards` are in the order of the analysis."""
    main, each = (boards[0], boards[1:]) if boards else (None, [])
    further = [board for found in each if main and (board := found.without(main))]
    return [
        answer(results, boards),
        *([knowledge(results, main)] if main and len(kinds_of_knowledge(results, main)) > 1 else []),
        scores(results, main),
        *([pairs(main)] if main and len(main.objectives) > 1 else []),
        plots(results, boards),
        *([further_scores(further)] if further else []),
        *([differences(main)] if main else []),
        *([seeds(each)] if each else []),
        *([classes(results, main)] if main and results["classes"] else []),
        *([choices(results)] if results["choices"] else []),
        objectives(results),
        *([matrix(results)] if results["matrix"] else []),
        costs(results),
        overlap(results),
        failures(results),
        provenance(results),
        bibliography(results, boards),
    ]
