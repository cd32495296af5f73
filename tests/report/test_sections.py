from dataclasses import replace

from nlp_ssl.comparison.analysis import Board, Figure, Gap, Setting
from nlp_ssl.report.blocks import TableCell
from nlp_ssl.report.sections import (
    against_each_other,
    against_untrained,
    at_the_ends,
    choice_cell,
    interval,
    listed,
    mark,
    percent,
    probability,
    setting_name,
    signed,
)
from nlp_ssl.statistics.corrections import Description
from nlp_ssl.statistics.intervals import Difference
from tests.comparison.worlds import choice

SEEN = Description(mean=0.7, median=0.7, sd=0.01, finetuning_sd=0.01)


def gap(sign: int) -> Gap:
    """A difference that is better (1), worse (-1) or cannot be told (0)."""
    found = Difference(0.1 * sign, 0.1 * sign - 0.05, 0.1 * sign + 0.05, p=0.5, detectable=0.1, anecdotal=False)
    return Gap(found, 0.01 if sign else 0.9)


def board(
    untrained: dict[str, list[int]], pairs: dict[tuple[str, str], list[int]] | None = None, anecdotal: bool = False
) -> Board:
    """A board from the verdicts of each objective on each task, against untrained and against each other."""
    objectives = tuple(untrained)
    tasks = tuple(f"task {i}" for i in range(max(map(len, untrained.values()))))
    return Board(
        setting=Setting("finetune", None, None),
        objectives=objectives,
        models=objectives,
        tasks=tasks,
        metrics=dict.fromkeys(tasks, "accuracy"),
        figures={
            (m, t): Figure(None, SEEN, gap(s)) for m, v in untrained.items() for t, s in zip(tasks, v, strict=True)
        },
        pairs={(*names, t): gap(s) for names, v in (pairs or {}).items() for t, s in zip(tasks, v, strict=True)},
        floors={},
        standings={},
        anecdotal=objectives if anecdotal else (),
    )


def test_figures_as_people_read_them() -> None:
    assert [percent(x) for x in (0.7134, 1.0, -0.0001, -0.05)] == ["71.3", "100.0", "0.0", "−5.0"]
    assert [signed(x) for x in (0.0213, -0.004, -0.0001, 0.0)] == ["+2.1", "−0.4", "+0.0", "+0.0"]
    assert interval(-0.1, 0.25, signed) == "[−10.0, +25.0]"
    assert [mark(x) for x in (0.7, 0.725, -0.1)] == ["70", "72.5", "−10"]
    assert [probability(p) for p in (1e-12, 0.0049, 0.02, 1.0)] == ["< 0.001", "0.005", "0.02", "1.00"]
    assert [listed(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


def test_settings_as_people_call_them() -> None:
    names = [
        setting_name(Setting(*s))
        for s in (
            ("finetune", None, None),
            ("finetune", 1000, None),
            ("probe", 100, None),
            ("zero-shot", None, "causal"),
            ("word similarity", None, None),
        )
    ]
    assert names == [
        "Fine-tuned on all labels",
        "Fine-tuned on 1,000 labels",
        "Linear probe on frozen vectors, 100 labels",
        "Zero-shot, causal",
        "Word similarity",
    ]


def test_every_verdict_against_untrained_has_its_words() -> None:
    found = against_untrained(board({"a": [1, 1], "b": [1, 0], "c": [0, 0], "d": [0, -1], "e": [1, -1]}))
    assert found == (
        "a (on every task) and b (on 1 of 2 tasks) came out better than the same network untrained; "
        "d (on 1 of 2 tasks) came out worse than untrained; e came out better on some tasks and worse on others; "
        "c cannot be told from no pretraining."
    )
    several = against_untrained(board({"a": [1, 0, 0], "b": [1, 1, 1], "c": [1, 1, 0], "d": [1, 0, 0]}))
    assert several == (
        "b (on every task), c (on 2 of 3 tasks) and a and d (on 1 of 3 tasks) came out better than the same network "
        "untrained."
    )
    assert against_untrained(board({"a": [0]}, anecdotal=True)) == (
        "In these runs, one pretraining seed each and so no more than an anecdote, "
        "a cannot be told from no pretraining."
    )
    nothing = against_untrained(board({name: [0, 0] for name in "abcd"}))
    assert nothing == "None of the 4 objectives can be told from no pretraining."


def test_who_is_ahead_of_the_others() -> None:
    flat = {"a": [0], "b": [0], "c": [0]}

    def said(ab: int, ac: int, bc: int) -> str:
        return against_each_other(board(flat, {("a", "b"): [ab], ("a", "c"): [ac], ("b", "c"): [bc]}))

    assert said(0, 0, 0) == "Between the objectives, none can be told from another."
    assert said(1, 1, 0) == "Of the objectives, a is better than all others."
    assert said(-1, 0, 1) == "Of the objectives, b is better than all others."
    assert said(0, 1, 0) == (
        "Of the objectives, none can be said to be better than a and b, and these cannot be told apart; "
        "c is worse than some other."
    )
    assert (
        said(1, 0, 1)
        == "Of the objectives, none can be said to be better than a; b and c are each worse than some other."
    )
    assert said(1, -1, 1) == "Of the objectives, none is ahead: each is worse than some other."
    assert against_each_other(board({"a": [1]})) == "There is no other objective to compare with."


def test_tasks_at_their_floor_tell_no_objective_from_another() -> None:
    found = replace(board({"a": [1], "b": [0]}, {("a", "b"): [1]}), floors={"task 0": "no better than the majority"})
    assert against_untrained(found) == "No task is above its floor, so nothing can be said of the objectives."
    assert against_each_other(found) == "Between the objectives, none can be told from another."


def test_better_on_one_task_and_worse_on_another_is_no_lead() -> None:
    found = against_each_other(board({"a": [0, 0], "b": [0, 0]}, {("a", "b"): [1, -1]}))
    assert found == "Between the objectives it depends on the task: of a and b, each is better on some."
    gaps = {("a", "b"): [1, -1], ("a", "c"): [1, 1], ("b", "c"): [1, 1]}
    assert against_each_other(board({"a": [0, 0], "b": [0, 0], "c": [0, 0]}, gaps)) == (
        "Of the objectives, none can be said to be better than a and b, and between these it depends on the task; "
        "c is worse than some other."
    )


def test_what_fine_tuning_chose_is_beside_what_it_did_not() -> None:
    two = [choice("mlm", 1, "sst2", 100), choice("mlm", 2, "sst2", 100, rate=1e-4, epochs=1)]
    assert choice_cell(two) == TableCell(
        "0.001, 0.0001", ("3 epochs, 71.5 (0.0001: 68.0)", "1 epoch, 68.0 (0.001: 71.5)")
    )
    assert choice_cell([]) == "–"
    one = {**two[0], "tried": two[0]["tried"][1:]}
    assert choice_cell([one]) == TableCell("0.001", ("3 epochs, 71.5",))


def test_rates_at_the_ends_of_those_tried_are_counted() -> None:
    high, low = choice("mlm", 1, "sst2", 100), choice("mlm", 2, "sst2", 100, rate=1e-4)
    told = "Of 3 networks 2 chose the highest and 1 chose the lowest of the rates: for these one beyond may do better."
    assert at_the_ends([high, high, low]) == told
    between = {**high, "tried": [*high["tried"], {**high["tried"][0], "learning_rate": 1e-2}]}
    assert at_the_ends([between]) == ""
    assert at_the_ends([{**high, "tried": high["tried"][1:]}]).startswith("One rate was tried, 0.001:")
