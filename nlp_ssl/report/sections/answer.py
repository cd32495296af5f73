"""The answer, in a few sentences, followed by the cautions."""

from __future__ import annotations

from collections.abc import Sequence

from nlp_ssl.comparison.analysis import WITHOUT_NETWORK, Board
from nlp_ssl.comparison.results_file import Results
from nlp_ssl.report.blocks import Block, Paragraph, Section
from nlp_ssl.report.formats import join, model_title, percent, scale, setting_title
from nlp_ssl.report.sections.cautions import cautions
from nlp_ssl.report.sections.pairs import direction, wins

NAMED = 3
"""Tasks on which a baseline is named; with more tasks, the answer says how many."""
SIMPLE_BASELINES = (*WITHOUT_NETWORK, "random vectors")


def answer(results: Results, boards: Sequence[Board]) -> Section:
    """The answer of the first board."""
    blocks: list[Block] = []
    if not boards:
        blocks.append(Paragraph("There are no scores yet.", "answer"))
    else:
        board, question = boards[0], results["question"]
        sentences = [against_random_init(board), against_each_other(board), against_baselines(board)]
        blocks.append(Paragraph(" ".join(filter(None, sentences)), "answer"))
        tasks = f"Tasks: {join(board.counted)}." if board.counted else "No task counts."
        basis = (
            f"{setting_title(board.setting)}. {tasks} "
            f"{scale(question['size'], question['budget'], results['corpus']['name'])} "
            "An objective is better than another if it is better on at least one task and worse on none. "
            "Other corpora, model sizes and budgets may rank the objectives differently."
        )
        blocks.append(Paragraph(basis, "note"))
    blocks += [Paragraph(text, "warning") for text in cautions(results, boards)]
    return Section("answer", "The answer", blocks)


def against_random_init(board: Board) -> str:
    """Which objectives differ from random initialisation."""
    if not board.counted:
        return "No objective scores above chance on any task, so the objectives cannot be ranked."
    anecdotal = set(board.anecdotal) == set(board.objectives)
    lead = "With one pretraining seed these results are anecdotal. " if anecdotal else ""
    groups = _outcomes(board)
    if not groups.keys() - {"none", "unknown"} and "none" in groups and "unknown" not in groups:
        return (
            f"{lead}No objective differs {'detectably' if anecdotal else 'significantly'} from random initialisation."
        )
    return lead + " ".join(_sentence(outcome, groups[outcome], anecdotal) for outcome in OUTCOMES if outcome in groups)


OUTCOMES = ("better", "worse", "mixed", "none", "unknown")


def _outcomes(board: Board) -> dict[str, list[tuple[str, int, int]]]:
    """Objectives by outcome against random initialisation, each with the number of tasks of that outcome and of all."""
    groups: dict[str, list[tuple[str, int, int]]] = {}
    for model in board.objectives:
        figures = [board.figures.get((model, task)) for task in board.counted]
        found = [direction(figure.gap) for figure in figures if figure and figure.gap]
        better, worse = found.count("better"), found.count("worse")
        outcome = "mixed" if better and worse else "better" if better else "worse" if worse else "none"
        groups.setdefault(outcome if found else "unknown", []).append((model, better or worse, len(found)))
    return groups


def _sentence(outcome: str, models: list[tuple[str, int, int]], anecdotal: bool) -> str:
    if outcome in ("better", "worse"):
        models = sorted(models, key=lambda entry: entry[1], reverse=True)  # the most tasks first
    where: dict[str, list[str]] = {}
    for model, tasks, of in models:
        on = f" (on {'every task' if tasks == of else f'{tasks} of {of} tasks'})" if of > 1 else ""
        where.setdefault(on if outcome in ("better", "worse") else "", []).append(model)
    names = join([join(group) + on for on, group in where.items()])
    several = len(models) > 1
    how = "detectably" if anecdotal else "significantly"
    match outcome:
        case "better" | "worse" if anecdotal:
            side = "above" if outcome == "better" else "below"
            return f"{names} {'score' if several else 'scores'} {how} {side} random initialisation."
        case "better" | "worse":
            return f"{names} {'are' if several else 'is'} {how} {outcome} than random initialisation."
        case "mixed":
            return f"{names} {'are' if several else 'is'} {how} better on some tasks and worse on others."
        case "none":
            return f"{names} {'do' if several else 'does'} not differ {how} from random initialisation."
    return f"{names} cannot be compared: there is no score of random initialisation."


def against_each_other(board: Board) -> str:
    """Which objectives lead, and which are worse than some other."""
    if len(board.objectives) < 2 or not board.counted:
        return ""
    how = "detectably" if set(board.anecdotal) == set(board.objectives) else "significantly"
    tallies = wins(board)
    beats = {(one, other) for (one, other), (won, lost) in tallies.items() if won and not lost}
    beats |= {(other, one) for (one, other), (won, lost) in tallies.items() if lost and not won}
    split = [pair for pair, (won, lost) in tallies.items() if won and lost]
    if not beats and split:
        return f"Which objective is better depends on the task: {join([f'{a} and {b}' for a, b in split])}."
    if not beats:
        return f"The objectives do not differ {how} from each other."
    ahead = [one for one in board.objectives if not any(loser == one for _, loser in beats)]
    others = [one for one in board.objectives if one not in ahead]
    if not ahead:
        return f"No objective leads: each is {how} worse than another."
    if len(ahead) == 1 and all((ahead[0], other) in beats for other in others):
        return f"{ahead[0]} is {how} better than {'all other objectives' if len(others) > 1 else others[0]}."
    behind = f"{join(others)} {'are each' if len(others) > 1 else 'is'} {how} worse than at least one other objective."
    if len(ahead) == 1:
        return f"No objective is {how} better than {ahead[0]}. {behind}"
    depends = any(one in ahead and other in ahead for one, other in split)
    between = "Which of these is better depends on the task." if depends else f"These do not differ {how}."
    return f"No objective is {how} better than {join(ahead, 'or')}. {between} {behind}"


def against_baselines(board: Board) -> str:
    """The best simple baseline of each task where no objective scores above it."""
    found = []
    for task in board.tasks:
        scores = {m: f.seeds.mean for m in board.models if (f := board.figures.get((m, task)))}
        simple = [model for model in scores if model in SIMPLE_BASELINES]
        objectives = [model for model in scores if model in board.objectives]
        if not simple or not objectives:
            continue
        best, rival = max(simple, key=scores.__getitem__), max(objectives, key=scores.__getitem__)
        if scores[best] >= scores[rival]:
            said = f"the {model_title(best)} baseline scores {percent(scores[best])}"
            found.append((task, f"{said}, the best objective ({rival}) {percent(scores[rival])}"))
    if len(found) > NAMED:
        return f"On {len(found)} of {len(board.tasks)} tasks a simple baseline matches or beats every objective."
    return " ".join(f"On {task}, {said}." for task, said in found)
