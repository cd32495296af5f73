"""The answer, in a few sentences and one picture, followed by the cautions."""

from __future__ import annotations

from collections.abc import Sequence

from nlp_ssl.comparison.board import Board, Gap
from nlp_ssl.comparison.results_file import Results
from nlp_ssl.report.blocks import Block, Paragraph, Section
from nlp_ssl.report.formats import format_interval, list_names, percent, scale, signed
from nlp_ssl.report.sections.cautions import cautions
from nlp_ssl.report.sections.effects import effects
from nlp_ssl.report.sections.pairs import direction, wins

NAMED = 3
"""Tasks on which a difference or a baseline is named; with more tasks, the answer says how many."""
ANECDOTAL = (
    "With one pretraining seed these results are anecdotal. "
    "Another seed may reverse any difference: compare again with --seeds 3 to rank the objectives."
)


def answer(results: Results, boards: Sequence[Board]) -> Section:
    """The answer of the main board."""
    blocks: list[Block] = []
    if not boards:
        blocks.append(Paragraph("There are no scores yet.", "answer"))
    else:
        board, question = boards[0], results["question"]
        blocks.append(Paragraph(" ".join(filter(None, sentences(board))), "answer"))
        blocks += effects(results, board)
        tasks = f"Tasks: {list_names(board.counted)}." if board.counted else "No task counts."
        basis = (
            f"{tasks} {scale(question['size'], question['budget'], results['corpus']['name'])} "
            "An objective is better than another if it is better on at least one task and worse on none. "
            "Other corpora, model sizes and budgets may rank the objectives differently."
        )
        blocks.append(Paragraph(basis, "note"))
    blocks += [Paragraph(text, "warning") for text in cautions(results, boards)]
    return Section("answer", "The answer", blocks)


def sentences(board: Board) -> list[str]:
    """The sentences of the answer; empty ones have nothing to say."""
    return [against_random_init(board), against_each_other(board), largest_differences(board), against_baselines(board)]


def against_random_init(board: Board) -> str:
    """Which objectives differ from random initialisation."""
    if not board.counted:
        return "No objective scores above chance on any task, so the objectives cannot be ranked."
    if set(board.anecdotal) == set(board.objectives):
        return ANECDOTAL
    groups = _outcomes(board)
    if groups.keys() == {"none"}:
        return f"No objective differs significantly from {_reference(board)}."
    return " ".join(_sentence(outcome, groups[outcome], board) for outcome in OUTCOMES if outcome in groups)


OUTCOMES = ("better", "worse", "mixed", "none", "anecdotal", "unknown")


def _reference(board: Board) -> str:
    """What objectives are compared with."""
    used = {figure.reference for figure in board.figures.values() if figure.gap}
    if used == {"chance"}:
        return "chance"
    return f"random initialisation{f' (chance for {board.untrained} tasks)' if 'chance' in used else ''}"


Differences = dict[str, Gap]
"""Significant differences by task."""


def _outcomes(board: Board) -> dict[str, list[tuple[str, Differences, int]]]:
    """Objectives by outcome, each with its significant differences and the number of tasks."""
    groups: dict[str, list[tuple[str, Differences, int]]] = {}
    for model in board.objectives:
        figures = {task: board.figures.get((model, task)) for task in board.counted}
        gaps = {task: figure.gap for task, figure in figures.items() if figure and figure.gap}
        found = {task: gap for task, gap in gaps.items() if direction(gap) != "none"}
        directions = {direction(gap) for gap in found.values()}
        outcome: str = "mixed" if len(directions) > 1 else directions.pop() if directions else "none"
        if not gaps:
            outcome = "unknown"
        elif model in board.anecdotal:
            outcome = "anecdotal"
        groups.setdefault(outcome, []).append((model, found, len(gaps)))
    return groups


def _sentence(outcome: str, models: list[tuple[str, Differences, int]], board: Board) -> str:
    several = len(models) > 1
    names = list_names([model for model, _, _ in models])
    match outcome:
        case "better" | "worse":
            ranked = sorted(models, key=lambda entry: len(entry[1]), reverse=True)  # the most tasks first
            each = list_names([f"{model} ({_where(found, of)})" for model, found, of in ranked])
            return f"{each} {'are' if several else 'is'} significantly {outcome} than {_reference(board)}."
        case "mixed":
            return " ".join(_both(model, found) for model, found, _ in models)
        case "none":
            return f"{names} {'do' if several else 'does'} not differ significantly from {_reference(board)}."
        case "anecdotal":
            whose = "have one pretraining seed: their" if several else "has one pretraining seed: its"
            return f"{names} {whose} results are anecdotal."
    return f"{names} cannot be compared: there is no score of random initialisation."


def _both(model: str, found: Differences) -> str:
    """Where an objective is better, and where it is worse."""
    better, worse = ([task for task, gap in found.items() if direction(gap) == way] for way in ("better", "worse"))
    return f"{model} is significantly better on {list_names(better)} and worse on {list_names(worse)}."


def _where(found: Differences, of: int) -> str:
    """On which tasks, and by how many points: "on sst2, by 1.2 points"; "on 3 of 4 tasks, by 1.2 to 8.4 points"."""
    sizes = sorted(abs(gap.difference.mean) for gap in found.values())
    low, high = percent(sizes[0]), percent(sizes[-1])
    points = f"by {low} to {high} points" if low != high else f"by {low} points"
    many = "every task" if len(found) == of else f"{len(found)} of {of} tasks"
    return f"on {list_names(list(found)) if len(found) < NAMED else many}, {points}"


def against_each_other(board: Board) -> str:
    """Which objectives lead, and which are worse than some other. Those with one pretraining seed are left out."""
    ranked = [one for one in board.objectives if one not in board.anecdotal]
    if len(ranked) < 2 or not board.counted:
        return ""
    tallies = {pair: tally for pair, tally in wins(board).items() if set(pair) <= set(ranked)}
    beats = {(one, other) for (one, other), (won, lost) in tallies.items() if won and not lost}
    beats |= {(other, one) for (one, other), (won, lost) in tallies.items() if lost and not won}
    split = [pair for pair, (won, lost) in tallies.items() if won and lost]
    if not beats and split:
        return f"Which objective is better depends on the task: {list_names([f'{a} and {b}' for a, b in split])}."
    if not beats:
        who = list_names(ranked) if board.anecdotal else "The objectives"
        return f"{who} do not differ significantly from each other."
    ahead = [one for one in ranked if not any(loser == one for _, loser in beats)]
    others = [one for one in ranked if one not in ahead]
    if not ahead:
        return "No objective leads: each is significantly worse than another."
    if len(ahead) == 1 and all((ahead[0], other) in beats for other in others):
        whom = list_names(others) if board.anecdotal or len(others) == 1 else "all other objectives"
        return f"{ahead[0]} is significantly better than {whom}."
    worse = "are each significantly worse" if len(others) > 1 else "is significantly worse"
    behind = f"{list_names(others)} {worse} than at least one other objective."
    if len(ahead) == 1:
        return f"No objective is significantly better than {ahead[0]}. {behind}"
    depends = any(one in ahead and other in ahead for one, other in split)
    between = "Which of these is better depends on the task." if depends else "These do not differ significantly."
    return f"No objective is significantly better than {list_names(ahead, 'or')}. {between} {behind}"


def largest_differences(board: Board) -> str:
    """The largest significant differences between objectives, at most `NAMED`, each of another task."""
    largest: dict[str, tuple[float, str]] = {}
    for (one, other, task), gap in board.pairs.items():
        if task in board.floors or direction(gap) == "none":
            continue
        found, ahead = gap.difference, direction(gap) == "better"
        ends = (found.low, found.high) if ahead else (-found.high, -found.low)
        names = (one, other) if ahead else (other, one)
        said = f"{names[0]} over {names[1]} on {task}, {signed(abs(found.mean))} {format_interval(*ends, signed)}"
        largest[task] = max(largest.get(task, (0.0, "")), (abs(found.mean), said))
    if not largest:
        return ""
    ranked = [said for _, said in sorted(largest.values(), reverse=True)[:NAMED]]
    return f"The largest {'differences are' if len(ranked) > 1 else 'difference is'} {'; '.join(ranked)}."


def against_baselines(board: Board) -> str:
    """How the best objective of each task compares with the best simple baseline."""
    found, tasks = [], 0
    for task in board.tasks:
        scores = {m: f.seeds.mean for m in board.models if (f := board.figures.get((m, task)))}
        simple = [model for model in scores if model in board.text_baselines or model == "random vectors"]
        objectives = [model for model in scores if model in board.objectives]
        if not simple or not objectives:
            continue
        tasks += 1
        best, rival = max(simple, key=scores.__getitem__), max(objectives, key=scores.__getitem__)
        if scores[best] >= scores[rival]:
            said = f"{board.title(best)} scores {percent(scores[best])}"
            found.append((task, f"{said}, the best objective ({rival}) {percent(scores[rival])}"))
    if not found:
        if not (tasks and board.counted):
            return ""
        where = "every task" if len(board.counted) == len(board.tasks) else "every task above chance"
        return f"The best objective scores above every simple baseline on {where}."
    if len(found) > NAMED:
        return f"On {len(found)} of {tasks} tasks a simple baseline matches or beats every objective."
    return " ".join(f"On {task}, the simple baseline {said}." for task, said in found)
