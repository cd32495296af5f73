from dataclasses import replace

from nlp_ssl.report.blocks import Plots
from nlp_ssl.report.sections.effects import effects
from tests.report.boards import board

RESULTS = {"question": {"objectives": ["a", "b", "c", "d"]}}


def test_a_panel_a_task_with_differences_from_the_reference_and_in_pairs() -> None:
    found = board({"a": [1, 0], "b": [-1, 1]}, {("a", "b"): [1, 0]})
    (plots,) = effects(RESULTS, found)
    assert isinstance(plots, Plots) and len(plots.plots) == 2
    for text in ("task 0: Δ vs random init", ">a ▲<", ">b ▼<", ">a − b ▲<", ">+10.0<", ">−10.0<"):
        assert text in plots.plots[0]
    assert ">a ≈<" in plots.plots[1] and ">a − b ≈<" in plots.plots[1]


def test_zero_shot_tasks_are_drawn_against_chance() -> None:
    found = board({"a": [1]})
    figures = {key: replace(figure, reference="chance") for key, figure in found.figures.items()}
    (plots,) = effects(RESULTS, replace(found, figures=figures))
    assert isinstance(plots, Plots) and "task 0: Δ vs chance" in plots.plots[0]


def test_pairs_of_many_objectives_are_left_out() -> None:
    found = board({name: [1] for name in "abcd"}, {("a", "b"): [1]})
    (plots,) = effects(RESULTS, found)
    assert isinstance(plots, Plots) and " − " not in plots.plots[0]


def test_nothing_to_draw_without_differences() -> None:
    found = board({"a": [1]})
    figures = {key: replace(figure, gap=None) for key, figure in found.figures.items()}
    assert effects(RESULTS, replace(found, figures=figures)) == []
