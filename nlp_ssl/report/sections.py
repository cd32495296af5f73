"""The sections of the report, in words, tables and plots: what is said where, and how figures are written.

Scores are fractions and are shown in hundredths with one decimal; budgets as `quantity` and `duration` write them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from nlp_ssl.comparison.analysis import WITHOUT_NETWORK, Board, Figure, Mark, Results, Setting, Standing, curves, done
from nlp_ssl.console import duration, quantity
from nlp_ssl.report.blocks import Block, Listing, Paragraph, Plots, Section, Table, TableCell, TableRow
from nlp_ssl.report.plots import COLOURS, Bar, Dot, Line, Style, bars, dots, lines

MOST_UNEVEN = 1.05
"""The largest of what was held equal over the smallest: beyond that the comparison is not at an equal budget."""
OVERLAP_WORTH_A_NOTE = 0.01
COPIED_WORTH_A_NOTE = 0.25
"""The share of the tokens to be written that can be copied, from which on a model has to have learned that."""
MOST_POINTS = 150  # of a loss curve: more cannot be seen, and make the page heavy
NAMED = 3  # objectives; of more that all share one fate, the answer gives the number

BUDGETS = {
    "tokens": ("tokens", quantity),
    "flops": ("FLOPs", quantity),
    "seconds": ("time", duration),
    "steps": ("steps", lambda n: f"{n:,.0f}"),
    "targets": ("targets", quantity),
}
"""What a budget can be counted in: how it is called and written."""

METHODS = {
    "finetune": "Fine-tuned",
    "probe": "Linear probe on frozen vectors",
    "knn": "Nearest neighbours of frozen vectors",
    "zero-shot": "Zero-shot",
    "word similarity": "Word similarity",
}


NAMES = {"majority": "majority class", "tfidf": "TF-IDF + linear model"}
"""Baselines whose names are not what people call them."""


def shown(model: str) -> str:
    """A model as people call it."""
    return NAMES.get(model, model)


def percent(share: float) -> str:
    """A share in hundredths: "71.3", "−0.4"."""
    return f"{100 * share + 0.0:.1f}".replace("-0.0", "0.0").replace("-", "−")


def mark(share: float) -> str:
    """A share at a mark of an axis: "70", "72.5"."""
    return f"{100 * share:.4g}".replace("-", "−")


def signed(share: float) -> str:
    """A difference in hundredths: "+2.1", "−0.4"."""
    return f"{100 * share:+.1f}".replace("-0.0", "+0.0").replace("-", "−")


def interval(low: float, high: float, number: Callable[[float], str] = percent) -> str:
    """The ends of an interval: "[69.2, 73.4]"."""
    return f"[{number(low)}, {number(high)}]"


def gibibytes(number: float) -> str:
    """An amount of memory: "1.25 GiB"."""
    return f"{number / 2**30:.2f} GiB"


def listed(names: Sequence[str]) -> str:
    """Names as in a sentence: "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def setting_name(setting: Setting) -> str:
    """What was done to score the models: the title of a table."""
    name = METHODS.get(setting.method, setting.method)
    if setting.variant is not None:
        return f"{name}, {setting.variant}"
    if setting.method in ("zero-shot", "word similarity"):
        return name
    labels = "all labels" if setting.train_examples is None else f"{setting.train_examples:,} labels"
    return f"{name} on {labels}" if setting.method == "finetune" else f"{name}, {labels}"


def page(results: Results, boards: Sequence[Board]) -> list[Section]:
    """All sections, the answer first; those that have nothing to say are left out."""
    main = [board for board in boards if board.setting.method == boards[0].setting.method]
    return [
        answer(results, boards),
        scores(results, main),
        *([duel_tables(main[0])] if main and len(main[0].objectives) > 1 else []),
        plots(results, boards),
        *([further_scores(boards[len(main) :])] if len(boards) > len(main) else []),
        *([seeds(boards)] if boards else []),
        *([choices(results)] if results["choices"] else []),
        own_tasks(results),
        *([matrix(results)] if results["matrix"] else []),
        budgets(results),
        overlap(results),
        failures(results),
        origin(results),
    ]


def answer(results: Results, boards: Sequence[Board]) -> Section:
    """Two sentences; then what to know before believing them."""
    blocks: list[Block] = []
    if not boards:
        blocks.append(Paragraph("There are no scores yet: nothing can be said.", "answer"))
    else:
        blocks.append(Paragraph(f"{against_untrained(boards[0])} {against_each_other(boards[0])}", "answer"))
        asked = results["question"]
        blocks.append(
            Paragraph(
                f"Read from: {lower(setting_name(boards[0].setting))}, on {listed(boards[0].counted) or 'no task'}; "
                f"{asked['size']} models, {asked['budget']} each of the corpus {results['corpus']['name']}. "
                "One objective is better than another if it is on at least one task, and worse on none. This holds for "
                "this corpus, size and budget; other budgets can turn it round.",
                "note",
            )
        )
    blocks += [Paragraph(text, "warning") for text in cautions(results, boards)]
    return Section("answer", "The answer", blocks)


def lower(text: str) -> str:
    """The text with a small first letter, to go on within a sentence."""
    return text[:1].lower() + text[1:]


def against_untrained(board: Board) -> str:
    """The first sentence: which objectives made the network better than untrained."""
    if not board.counted:
        return "No task is above its floor, so nothing can be said of the objectives."
    kinds: dict[str, dict[tuple[float, str], list[str]]] = {}
    for model in board.objectives:
        gaps = [f.gap for task in board.counted if (f := board.figures.get((model, task))) and f.gap]
        better, worse = (sum(gap.verdict == verdict for gap in gaps) for verdict in ("better", "worse"))
        told = (
            "mixed" if better and worse else "better" if better else "worse" if worse else "no significant difference"
        )
        n, where = better or worse, ""
        if told in ("better", "worse") and len(gaps) > 1:
            where = f" (on {n} of {len(gaps)} tasks)" if n < len(gaps) else " (on every task)"
        kinds.setdefault(told if gaps else "unknown", {}).setdefault((n if where else 0, where), []).append(model)
    said = {
        "better": "{} came out better than the same network untrained",
        "worse": "{} came out worse than untrained",
        "mixed": "{} came out better on some tasks and worse on others",
        "no significant difference": "{} cannot be told from no pretraining",
        "unknown": "{} cannot be compared, for want of an untrained network",
    }
    clauses = []
    for kind in (kind for kind in said if kind in kinds):
        groups = sorted(
            kinds[kind].items(), key=lambda group: group[0], reverse=True
        )  # where it is so most often first
        clauses.append(said[kind].format(listed([listed(models) + where for (_, where), models in groups])))
    if list(kinds) == ["no significant difference"] and len(board.objectives) > NAMED:
        clauses = [f"none of the {len(board.objectives)} objectives can be told from no pretraining"]
    if len(board.anecdotal) == len(board.objectives):
        return f"In these runs, one pretraining seed each and so no more than an anecdote, {'; '.join(clauses)}."
    words = "; ".join(clauses)
    return f"{words if words.startswith(board.objectives) else capital(words)}."


def against_each_other(board: Board) -> str:
    """The second sentence: which objectives no other one beats, and whom they beat."""
    if len(board.objectives) < 2:
        return "There is no other objective to compare with."
    tallies = duels(board)
    beats = {
        (winner, loser)
        for (one, other), (won, lost) in tallies.items()
        for winner, loser, wins, losses in ((one, other, won, lost), (other, one, lost, won))
        if wins and not losses
    }
    by_task = [pair for pair, (won, lost) in tallies.items() if won and lost]
    if not beats and by_task:
        each = listed([f"{one} and {other}" for one, other in by_task])
        return f"Between the objectives it depends on the task: of {each}, each is better on some."
    if not beats:
        return "Between the objectives, none can be told from another."
    ahead = [one for one in board.objectives if not any(loser == one for _, loser in beats)]
    others = [one for one in board.objectives if one not in ahead]
    hedge = "Of these very models" if len(board.anecdotal) == len(board.objectives) else "Of the objectives"
    if len(ahead) == 1 and all((ahead[0], other) in beats for other in others):
        whom = "all others" if len(others) > 1 else others[0]
        return f"{hedge}, {ahead[0]} is better than {whom}."
    if not ahead:  # each is beaten by one that is beaten by another
        return f"{hedge}, none is ahead: each is worse than some other."
    depends = any(one in ahead and other in ahead for one, other in by_task)
    how = "between these it depends on the task" if depends else "these cannot be told apart"
    apart = f", and {how}" if len(ahead) > 1 else ""
    behind = f"{listed(others)} {'are each' if len(others) > 1 else 'is'} worse than some other"
    return f"{hedge}, none can be said to be better than {listed(ahead)}{apart}; {behind}."


def duels(board: Board) -> dict[tuple[str, str], tuple[int, int]]:
    """For each pair of objectives, on how many counted tasks the first is better, and the second."""
    tallies = {}
    for i, one in enumerate(board.objectives):
        for other in board.objectives[i + 1 :]:
            verdicts = [gap.verdict for t in board.counted if (gap := board.pairs.get((one, other, t)))]
            tallies[one, other] = (verdicts.count("better"), verdicts.count("worse"))
    return tallies


def cautions(results: Results, boards: Sequence[Board]) -> Iterator[str]:
    """What a reader should know before trusting the answer."""
    if boards and boards[0].anecdotal:
        whose = "each" if boards[0].anecdotal == boards[0].objectives else f"of {listed(boards[0].anecdotal)}"
        over = "examples and fine-tuning seeds" if results["question"]["finetune_seeds"] > 1 else "examples"
        yield (
            f"One pretraining seed {whose}: these intervals are over {over} alone, and say "
            "nothing of another run of the same objective. They have no p-values."
        )
    held = results["question"]["held_equal"]
    if (ratio := uneven(results, held)) > MOST_UNEVEN:
        yield (
            f"{meant_equal(held)}, and the largest is {times(ratio)} the smallest: "
            "this is no comparison at an equal budget."
        )
    if boards and boards[0].floors:
        yield f"Left out of the answer and of all averages: {'; '.join(floor_words(boards[0]))}."
    if beginners := [told for name in results["question"]["objectives"] if (told := cannot_copy(results, name))]:
        yield (
            f"These had not learned to copy yet what stands in their input: {'; '.join(beginners)}. That comes rather "
            "suddenly, with more text; a decoder that does not look at its encoder teaches it little."
        )
    if results["failures"]:
        n = len(results["failures"])
        yield f"{n} part{'s' * (n > 1)} of the comparison failed and {'are' if n > 1 else 'is'} missing: see Failures."
    seen = [
        f"{percent(share)} % of {task['name']}'s {split}"
        for task in results["tasks"]
        for split, found in (task.get("overlap") or {}).items()
        if split != "train" and (share := share_seen(found)) is not None and share > OVERLAP_WORTH_A_NOTE
    ]
    if seen:
        yield f"The pretraining corpus has texts of the tasks, or near copies: {listed(seen)}."


def cannot_copy(results: Results, objective: str) -> str | None:
    """Of an objective whose models write fewer tokens right than copying alone would, by how far; None of others."""
    held_out = [run["validation"] for run in done(results, objective)]
    for key in dict.fromkeys(key for figures in held_out for key in figures if key.endswith("accuracy_by_copying")):
        own = f"{key.removesuffix('accuracy_by_copying')}accuracy"
        right, copied = (float(np.mean([f[name] for f in held_out if key in f])) for name in (own, key))
        if right < copied and copied > COPIED_WORTH_A_NOTE:
            return f"{objective}, {percent(right)} % of its tokens right, where copying would get {percent(copied)} %"
    return None


def meant_equal(held: str) -> str:
    """What the budget was counted in, as the beginning of a sentence."""
    return f"{capital(BUDGETS[held][0])} {'was' if held == 'seconds' else 'were'} to be held equal"


def share_seen(found: dict[str, int] | None) -> float | None:
    """The share of a split that is in the corpus, exactly or nearly; None if nobody looked."""
    return (found["exact"] + found["near"]) / found["of"] if found and found["of"] else None


def floor_words(board: Board) -> list[str]:
    """Why tasks are flagged, one clause each."""
    return [f"{task} ({reason})" for task, reason in board.floors.items()]


def capital(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def scores(results: Results, boards: Sequence[Board]) -> Section:
    """A table for each setting: models by tasks."""
    blocks: list[Block] = [
        Paragraph(
            "In each cell: the mean score in hundredths, over pretraining and fine-tuning seeds; its 95 % interval, "
            "over seeds and examples; the difference from the same network untrained, with its interval; its p-value "
            "after Holm's correction over all objectives and tasks of the table, which the verdict goes by; and the "
            "smallest true difference that would be found in four of five such comparisons. Rows on grey: baselines.",
            "note",
        )
    ]
    blocks += [score_table(board) for board in boards]
    rows = [TableRow([task["name"], task["title"]]) for task in results["tasks"]]
    blocks.append(Table("The tasks", [], rows, prose=True))
    return Section("scores", "Scores", blocks)


def further_scores(boards: Sequence[Board]) -> Section:
    """The settings that the answer is not read from."""
    return Section("further", "Scores without fine-tuning", [score_table(board) for board in boards])


def seeds(boards: Sequence[Board]) -> Section:
    """How far scores lie apart from seed to seed."""
    tables = []
    for board in boards:
        rows = [
            TableRow([shown(model), *(seeds_cell(board.figures.get((model, task))) for task in board.tasks)], quiet)
            for model in board.models
            if not (quiet := model not in board.objectives) or model not in WITHOUT_NETWORK
        ]
        tables.append(Table(setting_name(board.setting), ["model", *board.tasks], rows))
    note = (
        "The median over pretraining seeds (over fine-tuning seeds where there is one), the standard deviation between "
        "pretraining seeds, each with the mean of its fine-tuning seeds, and that between fine-tuning seeds."
    )
    return Section("seeds", "Spread over seeds", [Paragraph(note, "note"), *tables])


def seeds_cell(figure: Figure | None) -> str:
    """Median and standard deviations: "71.2 ± 0.8 ± 0.4"."""
    if figure is None:
        return "–"
    spreads = (figure.seeds.sd, figure.seeds.finetuning_sd)
    return " ± ".join([percent(figure.seeds.median), *("–" if sd is None else percent(sd) for sd in spreads)])


def choices(results: Results) -> Section:
    """What each network was fine-tuned with."""
    asked, tables = results["question"]["objectives"], []
    for n in dict.fromkeys(entry["train_examples"] for entry in results["choices"]):
        found = [entry for entry in results["choices"] if entry["train_examples"] == n]
        tasks = {entry["task"]: entry["examples"] for entry in found}
        of: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for entry in sorted(found, key=lambda entry: entry["pretraining_seed"]):
            of.setdefault((entry["model"], entry["task"]), []).append(entry)
        models = sorted({model for model, _ in of}, key=lambda m: (asked.index(m) if m in asked else len(asked), m))
        rows = [
            TableRow([shown(m), *(choice_cell(of.get((m, task), [])) for task in tasks)], m not in asked)
            for m in models
        ]
        names = [
            TableCell(t, (f"{e['train'] - e['selection']:,} learned from", f"{e['selection']:,} for selection"))
            for t, e in tasks.items()
        ]
        tables.append(Table(setting_name(Setting("finetune", n, None)), ["model", *names], rows, at_the_ends(found)))
    note = (
        "The learning rate of each pretraining seed's network; below, after how many epochs, and its score on the "
        "held-out examples of train, by which it was chosen; in brackets the best of each other rate. Where these lie "
        "close together, a score owes something to the luck of the choice."
    )
    return Section("choices", "What fine-tuning chose", [Paragraph(note, "note"), *tables])


def choice_cell(entries: Sequence[dict[str, Any]]) -> TableCell | str:
    """What the networks of a model chose: "0.001", "3 epochs, 71.5 (0.0001: 68.0)"."""
    if not entries:
        return "–"
    details = []
    for entry in entries:
        (chosen,) = (percent(t["score"]) for t in entry["tried"] if t["learning_rate"] == entry["learning_rate"])
        others = [t for t in entry["tried"] if t["learning_rate"] != entry["learning_rate"]]
        behind = ", ".join(f"{t['learning_rate']:g}: {percent(t['score'])}" for t in others)
        epochs = f"{entry['epochs']} epoch{'s' * (entry['epochs'] > 1)}"
        details.append(f"{epochs}, {chosen}{f' ({behind})' if behind else ''}")
    return TableCell(", ".join(f"{entry['learning_rate']:g}" for entry in entries), tuple(details))


def at_the_ends(found: Sequence[dict[str, Any]]) -> str:
    """How many networks chose the highest or the lowest of several learning rates."""
    rates = sorted(t["learning_rate"] for t in found[0]["tried"])
    if len(rates) == 1:
        return f"One rate was tried, {rates[0]:g}: another may do better, and not for all models the same."
    chosen = [entry["learning_rate"] for entry in found]
    ends = [(chosen.count(rates[-1]), "highest"), (chosen.count(rates[0]), "lowest")]
    told = listed([f"{n} chose the {end}" for n, end in ends if n])
    return f"Of {len(chosen)} networks {told} of the rates: for these one beyond may do better." if told else ""


def score_table(board: Board) -> Table:
    """Models by tasks, and at the right what they amount to."""
    header: list[TableCell | str] = ["model"]
    for task in board.tasks:
        flag = ("⚑ at its floor",) if task in board.floors else ()
        header.append(TableCell(task, (board.metrics[task].replace("_", " "), *flag)))
    standings = board.standings
    if standings:
        header += [TableCell("mean", ("normalised",)), TableCell("mean rank", (f"of {len(board.objectives)}",))]
    rows = []
    for model in board.models:
        cells: list[TableCell | str] = [shown(model)]
        cells += [score_cell(board.figures.get((model, task))) for task in board.tasks]
        if standings:
            cells += standing_cells(standings.get(model))
        rows.append(TableRow(cells, muted=model not in board.objectives))
    notes = []
    if standings:
        notes.append(
            "Normalised: 0 is the majority class or chance, 100 a perfect score. Averages are over tasks, ± their "
            "standard error by the jackknife; ranks are among the objectives."
        )
    if board.floors:
        notes.append(f"⚑ left out of averages: {'; '.join(floor_words(board))}.")
    return Table(setting_name(board.setting), header, rows, " ".join(notes))


def score_cell(figure: Figure | None) -> TableCell | str:
    """A score, its interval, its difference from untrained."""
    if figure is None:
        return "–"
    around = figure.interval
    details = [] if around is None else [interval(around.low, around.high)]
    if figure.gap is None:
        return TableCell(percent(figure.seeds.mean), tuple(details))
    gap = figure.gap.difference
    sure = "anecdotal" if figure.gap.p is None else f"p {probability(figure.gap.p)}"
    details += [
        f"{signed(gap.mean)} {interval(gap.low, gap.high, signed)}",
        f"{sure}; {f'detectable {percent(gap.detectable)}' if gap.detectable < math.inf else 'nothing detectable'}",
    ]
    return TableCell(percent(figure.seeds.mean), tuple(details), figure.gap.verdict)


def probability(p: float) -> str:
    """A p value: "0.02", "< 0.001"."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.01 else f"{p:.2f}"


def standing_cells(standing: Standing | None) -> list[TableCell | str]:
    """The mean normalised score and the mean rank, with their errors."""
    if standing is None:
        return ["–", "–"]
    score, rank = standing.score, standing.rank
    cell = TableCell(percent(score.mean), (f"± {percent(score.error or 0)}",))
    return [cell, "" if rank is None else TableCell(f"{rank.mean:.1f}", (f"± {rank.error or 0:.1f}",))]


def duel_tables(board: Board) -> Section:
    """Objectives against each other."""
    rows = []
    for one in board.objectives:
        cells: list[TableCell | str] = [one]
        for other in board.objectives:
            cells.append("" if one == other else duel_cell(board, one, other))
        rows.append(TableRow(cells))
    note = (
        "On how many tasks the objective at the left is better, or worse, than the one above, after Holm's correction "
        "over all pairs and tasks; below, the difference on each task. "
        f"{setting_name(board.setting)}; tasks at their floor are left out."
    )
    return Section("duels", "Objectives against each other", [Table("", ["", *board.objectives], rows, note)])


def duel_cell(board: Board, one: str, other: str) -> TableCell:
    """How two objectives compare, seen from the first."""
    pairs = {t: (board.pairs.get((one, other, t)), board.pairs.get((other, one, t))) for t in board.counted}
    details, better, worse = [], 0, 0
    for task, (forth, back) in pairs.items():
        if forth is None and back is None:
            continue
        gap = forth or back
        assert gap is not None
        said = gap.verdict if forth else OPPOSITE[gap.verdict]
        details.append(f"{task} {signed(gap.difference.mean if forth else -gap.difference.mean)}")
        better, worse = better + (said == "better"), worse + (said == "worse")
    if not details:
        return TableCell("–")
    n = len(details)
    if better and worse:
        return TableCell(f"{better} better, {worse} worse of {n}", tuple(details))
    verdict: Mark = "better" if better else "worse" if worse else "no significant difference"
    return TableCell(f"{better or worse} of {n}" if better or worse else "", tuple(details), verdict)


OPPOSITE: dict[Mark, Mark] = {
    "better": "worse",
    "worse": "better",
    "no significant difference": "no significant difference",
}


def styles(results: Results) -> dict[str, Style]:
    """The look of each objective in all plots."""
    return {name: Style(i) for i, name in enumerate(results["question"]["objectives"])}


def plots(results: Results, boards: Sequence[Board]) -> Section:
    """Scores with intervals, what labels and tokens buy, losses, cost."""
    look = styles(results)
    blocks: list[Block] = []
    for board in [*boards[:1], *(b for b in boards[1:] if b.setting.method == "zero-shot")]:
        panels = []
        for task in board.tasks:
            rows = [
                Dot(shown(model), figure.seeds.mean, ends(figure), look.get(model, Style(None)))
                for model in board.models
                if (figure := board.figures.get((model, task)))
            ]
            flag = " ⚑ at its floor" if task in board.floors else ""
            panels.append(dots(f"{task}, {board.metrics[task].replace('_', ' ')}{flag}", rows, percent, mark))
        blocks.append(Plots(f"Scores: {lower(setting_name(board.setting))}", panels, "Whiskers: 95 % intervals."))
    blocks += label_plots(results, boards, look)
    blocks += learning_plots(results, look)
    if panels := loss_panels(results, look):
        note = "Thin: training loss, each seed; dots: held-out loss. Those of different objectives cannot be compared."
        blocks.append(Plots("Losses", panels, note))
    if panels := cost_panels(results, look):
        blocks.append(Plots("Cost of pretraining", panels, "The mean over seeds."))
    return Section("plots", "Plots", blocks)


def ends(figure: Figure) -> tuple[float, float] | None:
    """Of a figure's interval."""
    return None if figure.interval is None else (figure.interval.low, figure.interval.high)


def label_plots(results: Results, boards: Sequence[Board], look: dict[str, Style]) -> Iterator[Plots]:
    """What labels buy: scores against the number of training examples."""
    labels = {task["name"]: task["examples"]["train"] for task in results["tasks"] if "train" in task["examples"]}
    for method in ("finetune", "probe", "knn"):
        chosen = [b for b in boards if b.setting.method == method and b.setting.variant is None]
        if len(chosen) < 2:
            continue

        def size(board: Board, task: str) -> int:
            n: int = labels[task] if board.setting.train_examples is None else board.setting.train_examples
            return n

        panels = []
        for task in (t for t in chosen[0].tasks if t in labels):
            having = sorted((b for b in chosen if task in b.tasks), key=lambda b: size(b, task))
            series = []
            for model in dict.fromkeys(m for b in having for m in b.models):
                points = [(size(b, task), f) for b in having if (f := b.figures.get((model, task)))]
                if points and model not in ("majority", "random vectors"):
                    xs, ys = [float(n) for n, _ in points], [f.seeds.mean for _, f in points]
                    series.append(Line(shown(model), xs, ys, look.get(model, Style(None))))
            marks = [(float(size(b, task)), quantity(size(b, task))) for b in having]
            panels.append(lines(task, series, "labelled examples", quantity, mark, log_x=True, x_marks=marks))
        if panels:
            yield Plots(f"What labels buy: {lower(METHODS[method])}", panels)


def learning_plots(results: Results, look: dict[str, Style]) -> Iterator[Plots]:
    """Scores along the runs, against tokens and against FLOPs."""
    found = curves(results)
    bands = len(look) <= len(COLOURS)  # more of them would only cover each other
    for setting in dict.fromkeys(setting for setting, _ in found):
        for axis, label in (("tokens", "tokens read"), ("flops", "training FLOPs")):
            panels = []
            for task in (task for s, task in found if s == setting):
                series = [
                    Line(
                        c.model,
                        c.tokens if axis == "tokens" else c.flops,
                        c.mean,
                        look[c.model],
                        (c.low, c.high) if bands else None,
                    )
                    for c in found[setting, task]
                ]
                panels.append(lines(task, series, label, quantity, mark, log_x=True))
            title = (
                f"Learning curves against {'tokens' if axis == 'tokens' else 'FLOPs'}: {lower(setting_name(setting))}"
            )
            note = "The mean over seeds." + " Bands: the lowest and highest of them." * bands
            yield Plots(title, panels, note)


def loss_panels(results: Results, look: dict[str, Style]) -> list[str]:
    """For each objective its training and held-out losses."""
    panels = []
    for name, style in look.items():
        series = []
        for run in done(results, name):
            for key, markers in (("curve", False), ("validation_curve", True)):
                points = run[key][:: -(-len(run[key]) // MOST_POINTS) or 1]
                if points:
                    xs, ys = ([float(p[axis]) for p in points] for axis in ("tokens", "loss"))
                    series.append(Line("", xs, ys, style, markers=markers))
        if series:
            panels.append(lines(name, series, "tokens read", quantity, lambda loss: f"{loss:.3g}"))
    return panels


def cost_panels(results: Results, look: dict[str, Style]) -> list[str]:
    """FLOPs, time and memory as bars."""
    kinds: list[tuple[str, str, Callable[[float], str]]] = [
        ("FLOPs", "flops", quantity),
        ("Time", "seconds", duration),
        ("Peak memory", "peak_memory_bytes", gibibytes),
    ]
    panels = []
    for title, key, number in kinds:
        means = {name: mean_of(results, name, key) for name in look}
        rows = [Bar(n, m, number(m), look[n]) for n, m in means.items() if m is not None]
        if rows:
            panels.append(bars(title, rows))
    return panels


def mean_of(results: Results, objective: str, key: str) -> float | None:
    """The mean of a figure over the finished runs of an objective; None if it is not known."""
    values = [run[key] for run in done(results, objective) if run[key] is not None]
    return float(np.mean(values)) if values else None


def uneven(results: Results, key: str) -> float:
    """The largest of the finished runs' figures over the smallest."""
    values = [run[key] for run in done(results) if run[key]]
    return max(values) / min(values) if values else 1.0


def own_tasks(results: Results) -> Section:
    """What each objective saw and had to predict; how well it did so on held-out text."""
    blocks: list[Block] = []
    keys = dict.fromkeys(key for run in done(results) for key in run["validation"])
    rows = []
    for entry in results["objectives"]:
        runs = done(results, entry["name"])
        cells: list[TableCell | str] = [entry["name"], entry["body"]]
        for key in keys:
            values = [run["validation"][key] for run in runs if run["validation"].get(key) is not None]
            cells.append(held_out(key, float(np.mean(values))) if values else "–")
        rows.append(TableRow(cells))
    names = [f"{key.replace('_', ' ')}{', %' * is_share(key)}" for key in keys]
    note = "On held-out text, the mean over seeds. Each column compares only objectives that predict the same thing."
    blocks.append(Table("How well it does its own task", ["objective", "body", *names], rows, note))
    language = results["corpus"]["language"]
    for entry in results["objectives"]:
        shown = [
            TableRow([str(i), example["text"], example["input"], example["target"]])
            for i, example in enumerate(entry["shown"], 1)
        ]
        header = ["", "text", "the model sees", "it has to predict"] if shown else []
        blocks.append(Table(entry["name"], header, shown, entry["paper"], prose=True, language=language))
        blocks.append(Listing(f"{entry['name']}: the recipe", entry["recipe"].rstrip(), folded=True))
    return Section("objectives", "What each objective saw and had to predict", blocks)


SHARES = ("accuracy", "accuracy_by_copying", "majority", "f1", "macro_f1")


def is_share(key: str) -> bool:
    """Whether a held-out figure, of a part of an objective or the whole, is a share that is read in hundredths."""
    return key.rsplit(" ", 1)[-1] in SHARES


def held_out(key: str, value: float) -> str:
    """A held-out figure; its name says what it is."""
    if is_share(key):
        return percent(value)
    return f"{value:.3f}" if abs(value) < 1000 else quantity(value)


def matrix(results: Results) -> Section:
    """Each model on each other objective's held-out task."""
    cells: dict[tuple[str, str], list[dict[str, float]]] = {}
    for entry in results["matrix"]:
        cells.setdefault((entry["model"], entry["on"]), []).append(entry["figures"])
    asked = results["question"]["objectives"]
    models = [name for name in asked if any(model == name for model, _ in cells)]
    on = [name for name in asked if any(task == name for _, task in cells)]
    rows = [TableRow([model, *(matrix_cell(cells.get((model, task))) for task in on)]) for model in models]
    note = (
        "Rows: what a model was pretrained on; columns: whose held-out task it was given. Accuracy in hundredths, "
        "below it the share of the most frequent answer; the mean over seeds. Empty: no head for that task."
    )
    return Section("matrix", "Each model on the others' tasks", [Table("", ["model", *on], rows, note)])


def matrix_cell(figures: list[dict[str, float]] | None) -> TableCell | str:
    """The means of the figures of a model on a task."""
    if not figures:
        return ""
    means = {key: float(np.mean([f[key] for f in figures if key in f])) for key in figures[0]}
    if "accuracy" not in means:
        return TableCell("–", tuple(f"{key.replace('_', ' ')} {held_out(key, value)}" for key, value in means.items()))
    accuracy = means.pop("accuracy")
    return TableCell(percent(accuracy), tuple(f"{k.replace('_', ' ')} {held_out(k, v)}" for k, v in means.items()))


def budgets(results: Results) -> Section:
    """What each objective cost, and how equal that was."""
    asked = results["question"]
    held = asked["held_equal"]
    columns: list[tuple[str, str, Callable[[float], str]]] = [
        *((key, name, number) for key, (name, number) in BUDGETS.items()),
        ("parameters", "parameters", quantity),
        ("without", "without embeddings", quantity),
        ("peak_memory_bytes", "peak memory", gibibytes),
    ]
    tuned = any(run.get("tuning") for run in done(results))
    rows = []
    for name in asked["objectives"]:
        runs = done(results, name)
        cells: list[TableCell | str] = [name, str(len(runs))]
        for key, _, number in columns:
            if key == "without":
                values = [run["parameters"] - run["embedding_parameters"] for run in runs]
            else:
                values = [run[key] for run in runs if run[key] is not None]
            cells.append(number(float(np.mean(values))) if values else "–")
        if tuned:
            cells.append(tuning_cell(runs))
        rows.append(TableRow(cells))
    header: list[TableCell | str] = ["objective", "runs"]
    header += [TableCell(name, ("held equal",)) if key == held else name for key, name, _ in columns]
    header += [TableCell("learning rate", ("chosen; its cost",))] if tuned else []
    blocks: list[Block] = []
    ratio = uneven(results, held)
    name = BUDGETS[held][0]
    if ratio > MOST_UNEVEN:
        text = f"{meant_equal(held)}, but the largest is {times(ratio)} the smallest."
        blocks.append(Paragraph(text, "warning"))
        text = ""
    else:
        text = f"Held equal: {name}, within {100 * (ratio - 1):.1f} %."
    others = [(BUDGETS[key][0], uneven(results, key)) for key in BUDGETS if key != held]
    free = listed([f"{what} up to {times(r)}" for what, r in others if r > MOST_UNEVEN])
    same = listed([what for what, r in others if r <= MOST_UNEVEN])
    text += f" Not held equal, and differing: {free}." if free else ""
    text += f" Equal within 5 % without being held so: {same}." if same else ""
    blocks += [Paragraph(text.strip()), Table("", header, rows, "Means over the finished runs; tuning comes on top.")]
    return Section("budgets", "Budgets", blocks)


def times(ratio: float) -> str:
    """A ratio in words: "1.07 times", "6.7 times"."""
    return f"{ratio:.2f} times" if ratio < 2 else f"{ratio:.1f} times"


def tuning_cell(runs: Sequence[dict[str, Any]]) -> TableCell | str:
    """The learning rates that were chosen, and what choosing cost."""
    tuned = [run["tuning"] for run in runs if run.get("tuning")]
    if not tuned:
        return "–"
    chosen = listed([f"{rate:g}" for rate in dict.fromkeys(t["chosen"] for t in tuned)])
    tried = ", ".join(f"{t['learning_rate']:g}" for t in tuned[0]["tried"])
    cost = f"{quantity(sum(t['tokens'] for t in tuned))} tokens, {duration(sum(t['seconds'] for t in tuned))}"
    return TableCell(chosen, (f"of {tried}", cost))


def overlap(results: Results) -> Section:
    """How much of each task is in the pretraining corpus."""
    splits = dict.fromkeys(split for task in results["tasks"] for split in task.get("overlap") or {})
    rows = []
    for task in results["tasks"]:
        cells: list[TableCell | str] = [task["name"]]
        for split in splits:
            found = (task.get("overlap") or {}).get(split)
            share = share_seen(found)
            if found is None or share is None:
                cells.append("–")
                continue
            of = f"{found['exact']:,} exact, {found['near']:,} near", f"of {found['of']:,}"
            cells.append(TableCell(f"{percent(share)} %", of))
        rows.append(TableRow(cells))
    note = "Examples whose text, or a near copy of it, is in the pretraining corpus. –: not looked for."
    return Section("overlap", "Overlap of the corpus with the tasks", [Table("", ["task", *splits], rows, note)])


def failures(results: Results) -> Section:
    """What is missing and why."""
    rows = [TableRow([entry["cell"], entry["error"]]) for entry in results["failures"]]
    blocks: list[Block] = (
        [Table("", ["what failed", "error"], rows, prose=True)] if rows else [Paragraph("Nothing failed.")]
    )
    return Section("failures", "Failures", blocks)


def origin(results: Results) -> Section:
    """Corpus, hardware, versions, commands."""
    corpus, machine = results["corpus"], results["machine"]
    facts = {
        "corpus": f"{corpus['name']}, fingerprint {corpus['fingerprint']}, language {corpus['language']}",
        "its size": f"{corpus['documents']:,} documents, {corpus['sentences']:,} sentences, "
        f"{corpus['tokens']:,} tokens, {corpus['bytes']:,} bytes; vocabulary of {corpus['vocab_size']:,}",
        "hardware": f"{machine['device']}; {machine['cores']} cores, {machine['memory_bytes'] / 2**30:.0f} GiB, "
        f"{machine['system']}",
        "precision": ", ".join(dict.fromkeys(f"{run['precision']} on {run['device']}" for run in done(results))),
        "versions": ", ".join(f"{name} {version}" for name, version in results["versions"].items()),
        "date": results["date"],
    }
    rows = [TableRow([name, text]) for name, text in facts.items()]
    return Section(
        "origin",
        "How this was made",
        [
            Table("", [], rows, prose=True),
            Listing("Commands", "\n".join(results["commands"])),
            Paragraph(
                "Every raw score is in report.md and scores.csv beside this page, everything else in results.json."
            ),
        ],
    )
