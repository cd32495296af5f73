"""A comparison that adds pretraining seeds until it has an answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nlp_ssl.comparison.analysis import boards
from nlp_ssl.comparison.board import Board, Gap
from nlp_ssl.comparison.executor import execute
from nlp_ssl.comparison.plan import Plan
from nlp_ssl.comparison.results import collect_results
from nlp_ssl.console import say


def grow(plan: Plan, difference: float, at_once: int) -> Plan:
    """Run the jobs of each look of a plan until it has an answer; returns the plan of the last look.

    `difference` is the smallest difference of interest, in points. A look depends on finished jobs alone, so that an
    interrupted comparison takes the same way. Failed jobs end it early.
    """
    for seeds in plan.looks:
        plan = replace(plan, seeds=seeds)
        execute(plan.jobs, at_once)
        if seeds == plan.looks[-1] or not all(job.done for job in plan.jobs()):
            break
        found = boards(collect_results(plan, ""), plan.out)
        left, of = undecided(found[0], difference) if found else (1, 1)
        if not left:
            say(f"\nafter {seeds} seeds, every difference is significant or known to within {difference:g} points")
            break
        say(f"\nafter {seeds} seeds, {left} of {of} differences are undecided: more seeds follow")
    return plan


def undecided(board: Board, difference: float) -> tuple[int, int]:
    """The number of a board's differences that are neither significant nor known to within `difference` points.

    The second number is that of all differences, from random initialisation and between objectives.
    """
    gaps = list(_gaps(board))
    return sum(not _decided(gap, difference) for gap in gaps), len(gaps)


def _gaps(board: Board) -> Iterator[Gap]:
    yield from (figure.gap for figure in board.figures.values() if figure.gap is not None)
    yield from board.pairs.values()


def _decided(gap: Gap, difference: float) -> bool:
    half = (gap.difference.high - gap.difference.low) / 2
    return gap.verdict in ("better", "worse") or half <= difference / 100
