from dataclasses import replace

import pytest

from nlp_ssl.report.sections.answer import against_baselines, against_each_other, against_random_init
from tests.report.boards import board


def test_every_outcome_against_random_initialisation() -> None:
    found = against_random_init(board({"a": [1, 1], "b": [1, 0], "c": [0, 0], "d": [0, -1], "e": [1, -1]}))
    assert found == (
        "a (on every task) and b (on 1 of 2 tasks) are significantly better than random initialisation. "
        "d (on 1 of 2 tasks) is significantly worse than random initialisation. "
        "e is significantly better on some tasks and worse on others. "
        "c does not differ significantly from random initialisation."
    )


def test_objectives_that_are_better_on_more_tasks_come_first() -> None:
    assert against_random_init(board({"a": [1, 0, 0], "b": [1, 1, 1], "c": [1, 1, 0], "d": [1, 0, 0]})) == (
        "b (on every task), c (on 2 of 3 tasks) and a and d (on 1 of 3 tasks) are significantly better than random "
        "initialisation."
    )


def test_no_difference_at_all() -> None:
    nothing = board({name: [0, 0] for name in "abcd"})
    assert against_random_init(nothing) == "No objective differs significantly from random initialisation."


def test_one_pretraining_seed_is_anecdotal() -> None:
    assert against_random_init(board({"a": [0]}, anecdotal=True)) == (
        "With one pretraining seed these results are anecdotal. "
        "No objective differs detectably from random initialisation."
    )
    assert against_random_init(board({"a": [1], "b": [-1], "c": [0]}, anecdotal=True)) == (
        "With one pretraining seed these results are anecdotal. a scores detectably above random initialisation. "
        "b scores detectably below random initialisation. c does not differ detectably from random initialisation."
    )


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


def test_the_best_simple_baseline_is_named_where_it_is_at_or_above_the_objectives() -> None:
    assert against_baselines(board({"a": [1]}, baselines={"majority": [0.5], "tfidf": [0.69]})) == ""
    assert against_baselines(board({"a": [1, 1]}, baselines={"majority": [0.5, 0.7], "tfidf": [0.723, 0.6]})) == (
        "On task 0, the TF-IDF + linear model baseline scores 72.3, the best objective (a) 70.0. "
        "On task 1, the majority class baseline scores 70.0, the best objective (a) 70.0."
    )


def test_randomly_initialised_networks_are_no_simple_baseline() -> None:
    assert against_baselines(board({"a": [1]}, baselines={"encoder, random initialisation": [0.9]})) == ""


def test_many_tasks_with_a_strong_baseline_are_counted() -> None:
    found = board({"a": [1] * 5}, baselines={"tfidf": [0.9] * 4 + [0.1]})
    assert against_baselines(found) == "On 4 of 5 tasks a simple baseline matches or beats every objective."
