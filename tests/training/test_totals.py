"""The counters of a run, and its lines of metrics."""

import pytest

from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.training.totals import Totals, means
from tests.networks import OBJECTIVES, mixture


def test_a_window_adds_up_steps() -> None:
    totals = Totals(step=3, steps=10, tokens=600, targets=90, flops=12, seconds=1.5)
    totals.add(steps=1, tokens=100)
    totals.add(steps=1, tokens=150)
    assert totals.window == {"steps": 2, "tokens": 250}
    assert totals.counters() == {"tokens": 600, "targets": 90, "flops": 12, "seconds": 1.5}


def test_the_mean_loss_is_over_targets_and_rates_are_over_seconds() -> None:
    window = {"steps": 4, "grad_norm": 2.0, "tokens": 800, "seconds": 2.0, "flops": 1000}
    found = means(window | {"mlm_loss": 30.0, "mlm_targets": 20}, mixture("mlm"), 1.0)
    assert found == {
        "loss": 1.5,
        "grad_norm": 0.5,
        "tokens_per_second": 400.0,
        "targets_per_second": 10.0,
        "flops_per_second": 500.0,
    }


def test_several_losses_are_added_with_their_weights() -> None:
    window = {"steps": 1, "grad_norm": 2.0, "tokens": 800, "seconds": 2.0, "flops": 1000}
    window |= {"generator_loss": 30.0, "generator_targets": 10, "detection_loss": 8.0, "detection_targets": 40}
    found = means(window, mixture("rtd"), 1.0)
    assert found["loss"] == pytest.approx(1 * 3.0 + 50 * 0.2)
    assert found["generator loss"] == 3.0 and found["detection loss"] == pytest.approx(0.2)
    assert found["detection weight"] == 50 and found["targets_per_second"] == 25


def test_a_loss_without_targets_is_left_out() -> None:
    """The weights are 1 and 50. Without a target for the first, the second stands for both."""
    window = {"steps": 1, "grad_norm": 0.0, "tokens": 1, "seconds": 1.0, "flops": 1}
    alone = means(window | {"mlm_loss": 0.0, "mlm_targets": 0}, mixture("mlm"), 1.0)
    assert "loss" not in alone and alone["targets_per_second"] == 0
    window |= {"generator_loss": 0.0, "generator_targets": 0, "detection_loss": 8.0, "detection_targets": 40}
    found = means(window, mixture("rtd"), 1.0)
    assert found["detection loss"] == 0.2 and found["loss"] == pytest.approx(51 * 0.2)
    assert "generator loss" not in found and "generator weight" not in found


def test_the_last_step_says_which_phase_a_run_is_in() -> None:
    """Of two halves of a run of eight steps."""
    sequence = Mixture(objectives={name: OBJECTIVES[name]() for name in ("clm", "mlm")}, mixing="sequence")
    phases = [sequence.phase(Totals(step=step, steps=8).place) for step in range(9)]
    assert phases == ["clm"] * 5 + ["mlm"] * 4
