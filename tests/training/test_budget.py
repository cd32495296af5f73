"""How many steps a budget is."""

import pytest

from tests.training.runs import metrics, pretrain


@pytest.mark.parametrize(
    ("budget", "key", "amount"), [("3k-tokens", "tokens", 3000), ("1e10-flops", "flops", 1e10), ("7-steps", "step", 7)]
)
def test_budgets_are_met(budget, key, amount, corpus, tmp_path) -> None:
    assert pretrain("mlm", corpus, tmp_path / "run", "--budget", budget) == 0
    assert metrics(tmp_path / "run", "end")[0][key] == pytest.approx(amount, rel=0.1)


def test_flops_are_counted_over_a_whole_schedule(corpus, tmp_path) -> None:
    falling = ["--objective.mlm.mlm-probability", "0.9", "--objective.mlm.final-probability", "0.05"]
    assert pretrain("mlm", corpus, tmp_path / "run", "--budget", "1e10-flops", *falling) == 0
    assert metrics(tmp_path / "run", "end")[0]["flops"] == pytest.approx(1e10, rel=0.05)


def test_a_budget_of_time_is_met(corpus, tmp_path) -> None:
    assert pretrain("mlm", corpus, tmp_path / "run", "--budget", "0.05-minutes") == 0
    assert 1 < metrics(tmp_path / "run", "end")[0]["seconds"] < 9  # of 3, on a machine that others use too
