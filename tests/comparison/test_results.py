import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nlp_ssl import recipe_files
from nlp_ssl.comparison.jobs import Job
from nlp_ssl.comparison.plan import Plan
from nlp_ssl.comparison.results import _thinned, collect_results
from nlp_ssl.comparison.results_file import COLUMNS
from nlp_ssl.comparison.tasks import PairFile
from tests.comparison.plans import fail, finish, small_plan

END = {
    "steps": 4,
    "tokens": 400,
    "targets": 60,
    "flops": 8000,
    "training_seconds": 2.5,
    "parameters": 900,
    "embedding_parameters": 300,
    "device": "cpu",
    "precision": "fp32",
    "validation": {"loss": 3.5, "accuracy": 0.25},
    "snapshots": {"1-of-2": 200},
    "objective": "…",
}


def finish_run(job: Job, **changes: Any) -> None:
    finish(job, **{**END, **changes})
    lines = [
        {"event": "train", "step": 2, "tokens": 200, "flops": 4000, "loss": 5.0, "seconds": 1.0},
        {"event": "evaluate", "step": 2, "tokens": 200, "flops": 4000, "loss": 4.5, "seconds": 1.0, "targets": 30},
        {"event": "train", "step": 4, "tokens": 400, "flops": 8000, "loss": 4.0, "seconds": 2.0},
    ]
    (job.folder / "run").mkdir()
    (job.folder / "run" / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def jobs_of(plan: Plan, kind: str) -> list[Job]:
    return [job for job in plan.jobs() if job.kind == kind]


def line(key: str, seed: int | None, score: float, method: str = "finetune") -> dict[str, Any]:
    outputs = f"{key}-{seed}-dev.npz"
    return {
        "key": key,
        "method": method,
        "finetuning_seed": seed,
        "metric": "accuracy",
        "score": score,
        "outputs": outputs,
    }


def test_a_finished_run(tmp_path: Path) -> None:
    plan = small_plan(tmp_path, "mlm")
    run = plan.run("mlm", 1)
    finish_run(run)
    (found,) = collect_results(plan, "nlp-ssl compare mlm")["runs"]
    assert found == {
        "objective": "mlm",
        "seed": 1,
        "status": "done",
        "error": None,
        "folder": str((run.folder / "run").relative_to(plan.out)),
        "steps": 4,
        "tokens": 400,
        "targets": 60,
        "flops": 8000,
        "seconds": 2.5,
        "parameters": 900,
        "embedding_parameters": 300,
        "peak_memory_bytes": 1000,
        "device": "cpu",
        "precision": "fp32",
        "tuning": None,
        "validation": {"loss": 3.5, "accuracy": 0.25},
        "curve": [
            {"step": 2, "tokens": 200, "flops": 4000, "loss": 5.0},
            {"step": 4, "tokens": 400, "flops": 8000, "loss": 4.0},
        ],
        "validation_curve": [
            {"step": 2, "tokens": 200, "flops": 4000, "loss": 4.5},
            {"step": 4, "tokens": 400, "flops": 8000, "loss": 3.5, "accuracy": 0.25},
        ],
    }


def test_a_failed_run_has_its_error(tmp_path: Path) -> None:
    plan = small_plan(tmp_path, "mlm", "clm")
    fail(plan.run("clm", 1), "no room")
    results = collect_results(plan, "nlp-ssl compare mlm clm")
    assert [(run["status"], run["error"]) for run in results["runs"]] == [
        ("failed", "no learning rate was chosen: all pilot runs failed"),
        ("failed", "no room"),
    ]
    assert results["failures"] == [{"job": "pretrain clm seed 1", "error": "no room"}]


def test_tuning_has_every_rate_that_was_tried_and_its_cost(tmp_path: Path) -> None:
    plan = small_plan(tmp_path, "mlm", tune=True)
    first, second, third = plan.pilots("mlm")
    finish(first, **{**END, "validation": {"loss": 3.0}, "tokens": 100, "training_seconds": 1.0})
    finish(second, **{**END, "validation": {"loss": 2.0}, "tokens": 101, "training_seconds": 1.5})
    fail(third, "diverged")
    rates = [pilot.about["learning_rate"] for pilot in (first, second)]
    (run,) = collect_results(plan, "nlp-ssl compare mlm --tune")["runs"]
    assert run["tuning"] == {
        "tried": [{"learning_rate": rates[0], "loss": 3.0}, {"learning_rate": rates[1], "loss": 2.0}],
        "chosen": rates[1],
        "tokens": 201,
        "seconds": 2.5,
    }


def test_scores_name_their_model_and_appear_once(tmp_path: Path) -> None:
    plan = small_plan(tmp_path, "mlm", "sop")
    for job in jobs_of(plan, "finetune"):
        finish(job, scores=[line("majority", None, 0.5), line("random_init", 1, 0.55), line("pretrained", 1, 0.7)])
    for job in jobs_of(plan, "probe")[:1]:
        finish(job, scores=[line("random", 1, 0.51, "knn"), line("pretrained", None, 0.6, "probe")])
    scores = collect_results(plan, "nlp-ssl compare mlm sop")["scores"]
    assert all(tuple(score) == COLUMNS for score in scores)
    columns = ("model", "role", "pretraining_seed", "method", "finetuning_seed", "score")
    assert [tuple(score[column] for column in columns) for score in scores] == [
        ("majority", "baseline", None, "finetune", None, 0.5),
        ("encoder, random initialisation", "baseline", 1, "finetune", 1, 0.55),
        ("mlm", "objective", 1, "finetune", 1, 0.7),
        ("random vectors", "baseline", 1, "knn", 1, 0.51),
        ("mlm", "objective", 1, "probe", None, 0.6),
        ("sop", "objective", 1, "finetune", 1, 0.7),
    ]
    folder = jobs_of(plan, "finetune")[0].folder.relative_to(plan.out)
    assert scores[0]["outputs"] == f"{folder}/majority-None-dev.npz"
    assert {(score["task"], score["train_examples"], score["tokens"]) for score in scores} == {("mine", None, None)}


def test_text_baselines_of_fine_tuning_and_probes_appear_once(tmp_path: Path) -> None:
    plan = small_plan(tmp_path, "mlm")
    for kind in ("finetune", "probe"):
        (job,) = jobs_of(plan, kind)
        finish(job, scores=[line("majority", None, 0.5, kind) | {"title": "majority class"}])
    scores = collect_results(plan, "nlp-ssl compare mlm")["scores"]
    assert [(score["role"], score["method"]) for score in scores] == [("text baseline", "finetune")]


def test_scores_of_a_snapshot_have_its_tokens(tmp_path: Path) -> None:
    plan = small_plan(tmp_path, recipes={"mlm": replace(recipe_files.load("mlm"), snapshots=1)})
    finish_run(plan.run("mlm", 1))
    end, half = jobs_of(plan, "probe")
    finish(end, scores=[line("pretrained", None, 0.7, "probe")])
    finish(half, scores=[line("pretrained", None, 0.6, "probe")])
    scores = collect_results(plan, "nlp-ssl compare mlm")["scores"]
    assert [(score["tokens"], score["score"]) for score in scores] == [(None, 0.7), (200, 0.6)]


def test_choices_keep_the_best_epoch_of_each_learning_rate(tmp_path: Path) -> None:
    plan = small_plan(tmp_path, "mlm", "sop")
    tried = [
        {"learning_rate": 1e-3, "epochs": 1, "score": 0.6, "loss": 0.7},
        {"learning_rate": 1e-3, "epochs": 2, "score": 0.7, "loss": 0.6},
        {"learning_rate": 1e-4, "epochs": 1, "score": 0.5, "loss": 0.8},
        {"learning_rate": 1e-4, "epochs": 2, "score": 0.5, "loss": 0.9},
    ]
    chosen = {"examples": {"train": 40}, "learning_rate": 1e-3, "epochs": 2, "tried": tried}
    for job in jobs_of(plan, "finetune"):
        finish(job, choices=[{"key": "random_init", **chosen}, {"key": "pretrained", **chosen}])
    choices = collect_results(plan, "nlp-ssl compare mlm sop")["choices"]
    assert [choice["model"] for choice in choices] == ["encoder, random initialisation", "mlm", "sop"]
    assert choices[1]["tried"] == [tried[1], tried[2]]
    assert (choices[1]["task"], choices[1]["epochs"], choices[1]["examples"]) == ("mine", 2, {"train": 40})


def test_metrics_on_other_objectives(tmp_path: Path) -> None:
    plan = small_plan(tmp_path, "bert", "sop")
    (job,) = jobs_of(plan, "evaluate")
    finish(job, metrics={"accuracy": 0.6})
    assert collect_results(plan, "nlp-ssl compare bert sop")["matrix"] == [
        {"model": "bert", "pretraining_seed": 1, "on": "sop", "metrics": {"accuracy": 0.6}}
    ]


def test_the_question_the_corpus_and_the_tasks(tmp_path: Path) -> None:
    pairs = PairFile(data=tmp_path / "blimp", fingerprint="1")
    plan = small_plan(tmp_path, "clm", "cbow", seeds=2, minimal_pairs=(pairs,))
    recipes = {name: replace(recipe, budget="20-minutes") for name, recipe in plan.recipes.items()}
    plan = replace(plan, recipes=recipes, train_examples=(20, None))
    finish(plan.overlap(plan.tasks[0]), overlap={"dev": {"exact": 1, "near": 2, "of": 24}})
    found = collect_results(plan, "nlp-ssl compare clm cbow")
    assert found["question"] == {
        "objectives": ["clm", "cbow"],
        "seeds": [1, 2],
        "looks": [2],
        "tasks": ["mine"],
        "train_examples": [20, None],
        "budget": "20-minutes",
        "held_equal": "seconds",
        "size": "mini",
        "finetune_seeds": 2,
    }
    assert (found["corpus"]["name"], found["corpus"]["documents"], found["corpus"]["vocab_size"]) == ("corpus", 60, 50)
    assert [task["name"] for task in found["tasks"]] == ["mine", "blimp"]
    assert found["commands"][0] == "nlp-ssl compare clm cbow"
    assert found["versions"]["source"] == "abc"


@pytest.mark.parametrize(("points", "kept", "first"), [(0, 0, None), (200, 200, 0), (201, 101, 0), (1000, 200, 4)])
def test_long_curves_are_thinned_to_their_last_point(points: int, kept: int, first: int | None) -> None:
    thin = _thinned([{"step": i} for i in range(points)])
    assert len(thin) == kept
    if kept:
        assert (thin[0]["step"], thin[-1]["step"]) == (first, points - 1)
