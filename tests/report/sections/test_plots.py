from pathlib import Path

import pytest

from nlp_ssl.report.sections.plots import cost_panels, loss_panels, losses_note, score_plots
from nlp_ssl.report.svg import Style
from tests.comparison.worlds import write_comparison
from tests.report.boards import board

STYLES = {"mlm": Style(0), "clm": Style(1), "sop": Style(2)}


def test_scores_are_plotted_by_task_and_flagged_at_chance() -> None:
    (plots,) = score_plots([board({"mlm": [1, 1]}, baselines={"majority": [0.5, 0.6]})], STYLES)
    assert plots.title == "Scores: fine-tuned on all labels"
    assert len(plots.plots) == 2
    assert all(text in plots.plots[0] for text in ("task 0, macro f1", ">majority class<", ">70.0<", ">50.0<"))


@pytest.mark.parametrize(("panel", "bars"), [(0, 3), (1, 3), (2, 2)])
def test_costs_that_are_unknown_have_no_bar(tmp_path: Path, panel: int, bars: int) -> None:
    assert cost_panels(write_comparison(tmp_path), STYLES)[panel].count('class="bar"') == bars


def test_losses_of_each_objective(tmp_path: Path) -> None:
    panels = loss_panels(write_comparison(tmp_path), STYLES)
    assert len(panels) == 3
    assert panels[0].count('<path class="line') == 4  # training and validation, two seeds
    assert panels[0].count("<circle") == 10


def test_a_curve_of_several_phases_says_so_and_has_no_point_without_a_loss(tmp_path: Path) -> None:
    results = write_comparison(tmp_path)
    assert losses_note(results).endswith("Losses of different objectives are not comparable.")
    results["objectives"][0]["mixing"] = "sequence"
    assert losses_note(results).endswith("Of mlm: the loss of the objective under way.")
    del results["runs"][0]["validation_curve"][0]["loss"]
    assert loss_panels(results, STYLES)[0].count("<circle") == 9
