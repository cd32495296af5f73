import re
from dataclasses import replace

import pytest

from nlp_ssl.comparison.board import Gap
from nlp_ssl.report.sections.answer import (
    against_baselines,
    against_each_other,
    against_random_init,
    largest_differences,
)
from tests.report.boards import BOOTSTRAP, board, gap


def test_every_outcome_against_random_initialisation() -> None:
    found = against_random_init(board({"a": [1, 1], "b": [1, 0], "c": [0, 0], "d": [0, -1], "e": [1, -1]}))
    assert found == (
        "a (on task 0 and task 1, by 10.0 points) and b (on task 0, by 10.0 points) are significantly better than "
        "random initialisation. d (on task 1, by 10.0 points) is significantly worse than random "
        "initialisation. e is significantly better on task 0 and worse on task 1. "
        "c does not differ significantly from random initialisation."
    )


def test_objectives_that_are_better_on_more_tasks_come_first() -> None:
    found = against_random_init(board({"a": [1, 0, 0, 0], "b": [1, 1, 1, 1], "c": [1, 1, 1, 0]}))
    assert re.findall(r"(\w) \(on (.*?),", found) == [("b", "every task"), ("c", "3 of 4 tasks"), ("a", "task 0")]


def test_the_size_of_differences_is_named() -> None:
    found = board({"a": [1, 1]})
    larger = replace(found.figures["a", "task 1"], gap=Gap(replace(gap(1).difference, mean=0.042), 0.01, BOOTSTRAP))
    found = replace(found, figures={**found.figures, ("a", "task 1"): larger})
    assert against_random_init(found) == (
        "a (on task 0 and task 1, by 4.2 to 10.0 points) is significantly better than random initialisation."
    )


def test_zero_shot_tasks_are_compared_with_chance() -> None:
    found = board({"a": [1, 1], "b": [0, 0]})
    figures = {k: replace(f, reference="chance") if k[1] == "task 1" else f for k, f in found.figures.items()}
    assert against_random_init(replace(found, figures=figures)) == (
        "a (on task 0 and task 1, by 10.0 points) is significantly better than random initialisation (chance for "
        "zero-shot tasks). b does not differ significantly from random initialisation (chance for zero-shot tasks)."
    )


def test_no_difference_at_all() -> None:
    nothing = board({name: [0, 0] for name in "abcd"})
    assert against_random_init(nothing) == "No objective differs significantly from random initialisation."


ANECDOTE = (
    "With one pretraining seed these results are anecdotal. "
    "Another seed may reverse any difference: compare again with --seeds 3 to rank the objectives."
)


@pytest.mark.parametrize("signs", [{"a": [0]}, {"a": [1], "b": [-1], "c": [0]}])
def test_one_pretraining_seed_is_anecdotal(signs: dict[str, list[int]]) -> None:
    pairs = {("a", "b"): [1], ("a", "c"): [1], ("b", "c"): [-1]} if "b" in signs else {}
    found = board(signs, pairs, anecdotal=tuple(signs))
    assert against_random_init(found) == ANECDOTE
    assert against_each_other(found) == ""


def test_objectives_with_one_pretraining_seed_are_not_ranked_among_others() -> None:
    pairs = {("a", "b"): [1], ("a", "c"): [-1], ("b", "c"): [-1]}
    found = board({"a": [1], "b": [0], "c": [1]}, pairs, anecdotal=("c",))
    assert against_random_init(found) == (
        "a (on task 0, by 10.0 points) is significantly better than random initialisation. b does not differ "
        "significantly from random initialisation. c has one pretraining seed: its results are anecdotal."
    )
    assert against_each_other(found) == "a is significantly better than b."
    found = board({"a": [1], "b": [0], "c": [1]}, pairs | {("a", "b"): [0]}, anecdotal=("c",))
    assert against_each_other(found) == "a and b do not differ significantly from each other."
    found = board({"a": [1], "b": [0], "c": [1]}, pairs, anecdotal=("b", "c"))
    assert "b and c have one pretraining seed: their results are anecdotal." in against_random_init(found)
    assert against_each_other(found) == ""


def test_an_objective_without_a_reference_cannot_be_compared() -> None:
    found = board({"a": [1]})
    (key,) = found.figures
    found = replace(found, figures={key: replace(found.figures[key], gap=None)})
    assert against_random_init(found) == "a cannot be compared: there is no score of random initialisation."


FLAT = {"a": [0], "b": [0], "c": [0]}


@pytest.mark.parametrize(
    ("ab", "ac", "bc", "sentence"),
    [
        (0, 0, 0, "The objectives do not differ significantly from each other."),
        (1, 1, 0, "a is significantly better than all other objectives."),
        (-1, 0, 1, "b is significantly better than all other objectives."),
        (
            *(0, 1, 0),
            "No objective is significantly better than a or b. These do not differ significantly. "
            "c is significantly worse than at least one other objective.",
        ),
        (
            *(1, 0, 1),
            "No objective is significantly better than a. "
            "b and c are each significantly worse than at least one other objective.",
        ),
        (1, -1, 1, "No objective leads: each is significantly worse than another."),
    ],
)
def test_leading_objectives(ab: int, ac: int, bc: int, sentence: str) -> None:
    assert against_each_other(board(FLAT, {("a", "b"): [ab], ("a", "c"): [ac], ("b", "c"): [bc]})) == sentence


def test_two_objectives() -> None:
    assert against_each_other(board({"a": [0], "b": [0]}, {("a", "b"): [-1]})) == "b is significantly better than a."
    assert against_each_other(board({"a": [1]})) == ""


def test_better_on_one_task_and_worse_on_another_is_no_lead() -> None:
    found = against_each_other(board({"a": [0, 0], "b": [0, 0]}, {("a", "b"): [1, -1]}))
    assert found == "Which objective is better depends on the task: a and b."
    pairs = {("a", "b"): [1, -1], ("a", "c"): [1, 1], ("b", "c"): [1, 1]}
    assert against_each_other(board({"a": [0, 0], "b": [0, 0], "c": [0, 0]}, pairs)) == (
        "No objective is significantly better than a or b. Which of these is better depends on the task. "
        "c is significantly worse than at least one other objective."
    )


def test_tasks_at_chance_do_not_rank_objectives() -> None:
    found = replace(board({"a": [1], "b": [0]}, {("a", "b"): [1]}), floors={"task 0": "reason"})
    assert against_random_init(found) == (
        "No objective scores above chance on any task, so the objectives cannot be ranked."
    )
    assert against_each_other(found) == ""


def test_the_largest_differences_between_objectives_are_named_once_a_task() -> None:
    found = board(FLAT, {("a", "b"): [1], ("b", "c"): [-1], ("a", "c"): [0]})
    wider = Gap(replace(gap(-1).difference, mean=-0.123, low=-0.2, high=-0.05), 0.001, BOOTSTRAP)
    found = replace(found, pairs={**found.pairs, ("b", "c", "task 0"): wider})
    assert largest_differences(found) == "The largest difference is c over b on task 0, +12.3 [+5.0, +20.0]."
    assert largest_differences(replace(found, floors={"task 0": "why"})) == ""


def test_at_most_three_differences_are_named() -> None:
    found = largest_differences(board({"a": [0] * 4, "b": [0] * 4}, {("a", "b"): [1, -1, 1, 1]}))
    assert found.startswith("The largest differences are ") and found.count(" over ") == 3


def test_the_best_simple_baseline_is_named_where_it_is_at_or_above_the_objectives() -> None:
    assert against_baselines(board({"a": [1]})) == ""
    assert against_baselines(board({"a": [1]}, baselines={"majority": [0.5], "tfidf": [0.69]})) == (
        "The best objective scores above every simple baseline on every task."
    )
    high = board({"a": [1, 1]}, baselines={"majority": [0.5, 0.5]})
    assert against_baselines(replace(high, floors={"task 0": "reason"})) == (
        "The best objective scores above every simple baseline on every task above chance."
    )
    assert against_baselines(replace(high, floors={"task 0": "reason", "task 1": "reason"})) == ""
    assert against_baselines(board({"a": [1, 1]}, baselines={"majority": [0.5, 0.7], "tfidf": [0.723, 0.6]})) == (
        "On task 0, the simple baseline TF-IDF + linear model scores 72.3, the best objective (a) 70.0. "
        "On task 1, the simple baseline majority class scores 70.0, the best objective (a) 70.0."
    )


def test_randomly_initialised_networks_are_no_simple_baseline() -> None:
    assert against_baselines(board({"a": [1]}, baselines={"encoder, random initialisation": [0.9]})) == ""


def test_many_tasks_with_a_strong_baseline_are_counted() -> None:
    found = board({"a": [1] * 5}, baselines={"tfidf": [0.9] * 4 + [0.1]})
    assert against_baselines(found) == "On 4 of 5 tasks a simple baseline matches or beats every objective."
