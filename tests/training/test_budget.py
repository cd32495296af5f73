"""How many steps a budget is."""

import re

import pytest

from tests.training.runs import metrics, pretrain, weights


@pytest.mark.parametrize(
    ("budget", "key", "amount"), [("3k-tokens", "tokens", 3000), ("1e10-flops", "flops", 1e10), ("7-steps", "step", 7)]
)
def test_budgets_are_met(budget, key, amount, corpus, tmp_path) -> None:
    assert pretrain("mlm", corpus, tmp_path / "run", "--budget", budget) == 0
    assert metrics(tmp_path / "run", "end")[0][key] == pytest.approx(amount, rel=0.1)


def test_two_epochs_are_the_run_of_twice_the_tokens_of_the_examples(corpus, tmp_path, capsys) -> None:
    epochs, tokens = tmp_path / "epochs", tmp_path / "tokens"
    assert pretrain("clm", corpus, epochs, "--budget", "2-epochs") == 0
    said = capsys.readouterr().err
    found = re.search(r"([\d,]+) steps of 256 tokens, 2\.00 epochs", said)
    assert found is not None, said
    (end,) = metrics(epochs, "end")
    assert f"{end['step']:,}" == found[1]
    assert pretrain("clm", corpus, tokens, "--budget", f"{end['tokens']}-tokens") == 0
    assert metrics(tokens, "end")[0]["tokens"] == end["tokens"] and weights(tokens) == weights(epochs)


def test_flops_are_counted_over_a_whole_schedule(corpus, tmp_path) -> None:
    falling = ["--objective.mlm.mlm-probability", "0.9", "--objective.mlm.final-probability", "0.05"]
    assert pretrain("mlm", corpus, tmp_path / "run", "--budget", "1e10-flops", *falling) == 0
    assert metrics(tmp_path / "run", "end")[0]["flops"] == pytest.approx(1e10, rel=0.05)


def test_a_budget_of_time_is_met(corpus, tmp_path) -> None:
    assert pretrain("mlm", corpus, tmp_path / "run", "--budget", "0.05-minutes") == 0
    assert 1 < metrics(tmp_path / "run", "end")[0]["seconds"] < 9  # of 3, on a machine that others use too
