from dataclasses import replace
from typing import get_args

import pytest

from nlp_ssl.comparison.board import SIGNS, Gap, Mark
from nlp_ssl.comparison.results_file import Setting
from nlp_ssl.statistics.intervals import Difference
from tests.report.boards import BOOTSTRAP, board


def difference(low: float, high: float, p: float | None) -> Difference:
    return Difference((low + high) / 2, low, high, p, detectable=0.1, anecdotal=p is None)


@pytest.mark.parametrize(
    ("low", "high", "p", "verdict"),
    [
        (0.1, 0.3, 0.01, "better"),
        (-0.3, -0.1, 0.01, "worse"),
        (0.1, 0.3, 0.06, "no significant difference"),  # significant before the correction only
        (-0.1, 0.3, 0.4, "no significant difference"),
        (0.1, 0.3, None, "anecdotal"),
        (-0.3, -0.1, None, "anecdotal"),
        (-0.1, 0.3, None, "no significant difference"),
    ],
)
def test_a_verdict_goes_by_the_corrected_p(low: float, high: float, p: float | None, verdict: str) -> None:
    assert Gap(difference(low, high, p), p, BOOTSTRAP).verdict == verdict


def test_every_verdict_has_a_sign_of_its_own() -> None:
    assert set(SIGNS) == set(get_args(Mark))
    assert len(set(SIGNS.values())) == len(SIGNS)
    assert (SIGNS["better"], SIGNS["worse"]) == ("▲", "▼")


def test_text_baselines_have_titles_and_models_their_names() -> None:
    found = board({"a": [1]}, baselines={"tfidf": [0.5], "random vectors": [0.5]})
    assert [found.title(model) for model in found.models] == ["a", "TF-IDF + linear model", "random vectors"]
    assert list(found.text_baselines) == ["tfidf"]


def test_a_board_keeps_the_tasks_that_the_main_board_has_in_another_setting() -> None:
    main = board({"a": [1, 1]})
    assert main.without(main) is None
    few = replace(main, settings={"task 0": Setting("finetune", None, None), "task 1": Setting("finetune", 100, None)})
    left = few.without(main)
    assert left is not None and left.tasks == ("task 1",)
