"""A model reads six tokens of each example of the task `mine`: four words, and the task has 40 and 24 examples."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nlp_ssl.comparison import cost as costs
from nlp_ssl.comparison.cost import JobCost, _Estimator, estimate
from nlp_ssl.comparison.jobs import Job
from nlp_ssl.comparison.plan import Plan
from nlp_ssl.comparison.tasks import PairFile
from nlp_ssl.evaluation.finetune import Protocol
from nlp_ssl.training.budget import Cost
from tests.comparison.plans import finish, labelled_task, small_plan

COST = Cost(steps=100, tokens=5000.0, flops=8e6, seconds=40.0, update_seconds=0.1, body_flops_per_token=1000.0)
WORDS = 4
"""Tokens of an example: the tokenizer of the test corpus adds no special tokens."""
SECONDS_PER_FLOP = (40.0 - 100 * 0.1) / 8e6
"""Of arithmetic: without the time that every update takes."""


def cost_of(plan: Plan, kind: str, index: int = 0) -> JobCost:
    found = [job for job in plan.jobs() if job.kind == kind]
    return _Estimator(plan, dict.fromkeys(plan.recipes, COST)).cost(found[index])


def test_a_pilot_costs_a_tenth_of_a_run(tmp_path: Path) -> None:
    plan = small_plan(tmp_path, "mlm", tune=True)
    assert cost_of(plan, "pretrain") == JobCost(500.0, 8e5, 4.0)
    assert cost_of(plan, "pretrain", 3) == JobCost(5000.0, 8e6, 40.0)


@pytest.mark.parametrize("kind", ["overlap", "show"])
def test_other_jobs_have_no_estimate(tmp_path: Path, kind: str) -> None:
    assert cost_of(small_plan(tmp_path, "mlm"), kind) == JobCost(None, None, None)


def test_fine_tuning_reads_each_example_in_every_trial_and_for_every_seed(tmp_path: Path) -> None:
    plan = small_plan(tmp_path, "mlm", finetune_seeds=3)
    plan = replace(plan, protocol=Protocol(learning_rates=(1e-3, 1e-4), epochs=5, batch_size=8))
    examples = 5 * (2 * 32 + 3 * 40)  # two rates on the 32 fitting examples, three seeds on all 40
    networks = 2  # and as much for random initialisation
    predicted = 3 * 24 / 3  # a forward pass over dev for each seed, a third of a training step
    flops = networks * (examples + predicted) * WORDS * 1000.0
    found = cost_of(plan, "finetune")
    assert (found.tokens, found.flops) == (None, pytest.approx(flops))
    assert found.seconds == pytest.approx(networks * examples / 8 * 0.1 + flops * SECONDS_PER_FLOP)


def test_an_objective_that_shares_a_random_initialisation_costs_half(tmp_path: Path) -> None:
    plan = small_plan(tmp_path, "mlm", "sop")
    first, second = (cost_of(plan, "finetune", i) for i in (0, 1))
    assert first.flops == pytest.approx(2 * second.flops)


def test_a_probe_costs_a_forward_pass_over_all_examples(tmp_path: Path) -> None:
    plan = small_plan(tmp_path, "mlm", finetune_seeds=2)
    flops = (1 + 2) * (40 + 24) * WORDS * 1000.0 / 3  # the model and two random initialisations
    assert cost_of(plan, "probe") == JobCost(None, pytest.approx(flops), pytest.approx(flops * 40.0 / 8e6))
    fewer = small_plan(tmp_path, "mlm", finetune_seeds=2, train_examples=(20,))
    few = 2 * 20 + 20 + 24  # two draws, the unused examples, dev
    assert cost_of(fewer, "probe").flops == pytest.approx(flops * few / (40 + 24))


def test_a_masked_model_reads_a_sentence_once_for_each_of_its_tokens(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    pairs = [("w5 w6 w7 w8 w9", "w5 w6 w7"), ("w5 w6 w7 w8", "w5 w6 w7 w8")]
    file.write_text("".join(json.dumps({"sentence_good": a, "sentence_bad": b}) + "\n" for a, b in pairs))
    plan = small_plan(tmp_path, "mlm", "clm", minimal_pairs=(PairFile(data=file, fingerprint=""),))
    assert cost_of(plan, "minimal-pairs", 0).flops == pytest.approx((5 * 3 + 3 * 1 + 2 * 4 * 2) * 1000.0 / 3)
    assert cost_of(plan, "minimal-pairs", 1).flops == pytest.approx((5 + 3 + 4 + 4) * 1000.0 / 3)


def test_the_table_of_a_dry_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    plan = small_plan(tmp_path, "mlm", seeds=2, tasks=[])
    monkeypatch.setattr(costs, "call_in_process", lambda function, *arguments: COST)
    finish(plan.run("mlm", 1), seconds=75.0)
    found = estimate(plan, 2)
    text = found.text
    assert found.seconds_per_seed == 20.0  # of one objective, by two jobs at a time
    lines = [line.split("  ") for line in text.splitlines()]
    assert [[cell.strip() for cell in line if cell.strip()] for line in lines[2:6]] == [
        ["show mlm", "to do"],
        ["pretrain mlm seed 1", "done in 1m 15s"],
        ["pretrain mlm seed 2", "to do", "5k", "8M", "40s"],
        ["2 of 3 jobs to do", "5k", "8M", "40s"],
    ]
    assert "About 40s in total, or 20s at best with --jobs 2." in text
    assert capsys.readouterr().err == "mlm: timing a few updates\n"
    assert "at best" not in estimate(plan, 1).text


def test_a_comparison_that_may_grow_has_a_largest_cost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = small_plan(tmp_path, "mlm", looks=(1, 4), tasks=[])
    monkeypatch.setattr(costs, "call_in_process", lambda function, *arguments: COST)
    assert "About 40s in total. At most 2m 40s with 4 seeds." in estimate(plan, 1).text


def test_each_job_of_a_plan_has_a_cost(tmp_path: Path) -> None:
    plan = small_plan(tmp_path, "mlm")
    estimator = _Estimator(plan, {"mlm": COST})
    jobs: list[Job] = plan.jobs()
    assert [job.kind for job in jobs if estimator.cost(job).seconds is not None] == ["pretrain", "finetune", "probe"]


def test_prompts_are_read_with_each_label_and_again_with_random_labels(tmp_path: Path) -> None:
    words = replace(labelled_task(tmp_path / "data"), labels=("no", "yes"))
    plan = small_plan(tmp_path, "clm", tasks=[words], methods=("few-shot",), shots=(2, 0), finetune_seeds=3)
    some, none = (cost_of(plan, "few-shot", index).flops for index in (0, 1))
    assert some == pytest.approx(2 * 3 * 24 * 2 * 3 * WORDS * 1000.0 / 3)  # draws, examples, labels, texts in a prompt
    assert none == pytest.approx(24 * 2 * WORDS * 1000.0 / 3)
