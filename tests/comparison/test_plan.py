from dataclasses import replace
from pathlib import Path

import pytest

from nlp_ssl import recipe_files
from nlp_ssl.comparison.jobs import Job
from nlp_ssl.comparison.plan import Plan
from tests.comparison.plans import fail, finish, small_plan


def names(jobs: list[Job]) -> list[str]:
    return [job.name for job in jobs]


def test_the_first_seed_of_every_objective_comes_before_the_second(tmp_path: Path) -> None:
    assert names(small_plan(tmp_path, "mlm", "clm", seeds=2).jobs()) == [
        "overlap with mine",
        "show mlm",
        "show clm",
        "pretrain mlm seed 1",
        "finetune mlm seed 1 on mine, all examples",
        "probe mlm seed 1 on mine, all examples",
        "pretrain clm seed 1",
        "finetune clm seed 1 on mine, all examples",
        "probe clm seed 1 on mine, all examples",
        "pretrain mlm seed 2",
        "finetune mlm seed 2 on mine, all examples",
        "probe mlm seed 2 on mine, all examples",
        "pretrain clm seed 2",
        "finetune clm seed 2 on mine, all examples",
        "probe clm seed 2 on mine, all examples",
    ]


def test_training_sets_larger_than_the_task_are_left_out(tmp_path: Path) -> None:
    plan = small_plan(tmp_path, "mlm", train_examples=(20, 40, 41, None))
    assert plan.sizes(plan.tasks[0]) == [20, 40, None]
    assert names([job for job in plan.jobs() if job.kind == "probe"]) == [
        f"probe mlm seed 1 on mine, {n} examples" for n in ("20", "40", "all")
    ]


# --- folders ---


def run_folder(plan: Plan) -> str:
    return plan.run("mlm", 1).folder.name


def test_a_run_depends_on_its_recipe_but_not_on_how_it_is_logged(tmp_path: Path) -> None:
    recipe = recipe_files.load("mlm")
    plan = small_plan(tmp_path, recipes={"mlm": recipe})
    quiet = replace(recipe, log_every=99, save_every=7, keep_checkpoints=9, batch=replace(recipe.batch, workers=2))
    assert run_folder(replace(plan, recipes={"mlm": quiet})) == run_folder(plan)
    longer = replace(recipe, budget="11M-tokens")
    assert run_folder(replace(plan, recipes={"mlm": longer})) != run_folder(plan)
    assert plan.run("mlm", 2).folder != plan.run("mlm", 1).folder


def test_scores_of_fewer_seeds_are_part_of_those_of_more(tmp_path: Path) -> None:
    few, many = (small_plan(tmp_path, "mlm", seeds=n).jobs() for n in (1, 3))
    assert {job.folder for job in few} < {job.folder for job in many}


def test_other_seeds_are_another_comparison(tmp_path: Path) -> None:
    plan = small_plan(tmp_path, "mlm", seeds=2)
    other = replace(plan, first_seed=3)
    assert [job.about["pretraining_seed"] for job in other.jobs() if job.kind == "pretrain"] == [3, 4]
    assert {job.name for job in other.jobs()} & {job.name for job in plan.jobs()} == {"overlap with mine", "show mlm"}


# --- learning rates ---


def test_pilots_try_three_learning_rates_with_a_tenth_of_the_budget(tmp_path: Path) -> None:
    recipe = replace(recipe_files.load("mlm"), budget="5M-tokens", seed=3)
    plan = small_plan(tmp_path, recipes={"mlm": recipe}, tune=True)
    pilots = plan.pilots("mlm")
    rate = recipe.optimizer.learning_rate
    assert [pilot.about["learning_rate"] for pilot in pilots] == pytest.approx([0.3 * rate, rate, 3 * rate])
    for pilot in pilots:
        made = pilot.depends["recipe"]
        assert (made["budget"], made["seed"], made["evaluations"]) == ("500000-tokens", 1, 1)
        assert made["optimizer"]["learning_rate"] == pilot.about["learning_rate"]
    assert names([job for job in plan.jobs() if "pilot" in job.name]) == names(pilots)
    assert small_plan(tmp_path, recipes={"mlm": recipe}).pilots("mlm") == []


@pytest.mark.parametrize(
    ("budget", "pilot"), [("4-steps", "1-steps"), ("27-steps", "3-steps"), ("3-minutes", "0.3-minutes")]
)
def test_a_pilot_has_at_least_one_step(tmp_path: Path, budget: str, pilot: str) -> None:
    plan = small_plan(tmp_path, recipes={"mlm": replace(recipe_files.load("mlm"), budget=budget)}, tune=True)
    assert plan.pilots("mlm")[0].depends["recipe"]["budget"] == pilot


def test_runs_take_the_learning_rate_of_the_pilot_with_the_lowest_loss(tmp_path: Path) -> None:
    plan = small_plan(tmp_path, "mlm", tune=True, seeds=2)
    first, second, third = plan.pilots("mlm")
    assert plan.run("mlm", 2).needs == (first, second, third)
    finish(first, validation={"loss": 2.0})
    finish(second, validation={"loss": 3.0})
    assert len(plan.run("mlm", 2).needs) == 3
    fail(third, "diverged")
    run = plan.run("mlm", 2)
    assert run.needs == ()
    assert run.depends["recipe"]["optimizer"]["learning_rate"] == first.about["learning_rate"]
