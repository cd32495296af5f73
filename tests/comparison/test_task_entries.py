from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nlp_ssl.comparison.plan import Plan
from nlp_ssl.comparison.task_entries import _chance, task_entries
from nlp_ssl.comparison.tasks import DamagedSentences, PairFile
from tests.comparison.plans import finish, labelled_task, small_plan


def entries(plan: Plan) -> dict[str, dict[str, Any]]:
    """The entries by name, from the jobs that are finished."""
    finished = [(job, job.result) for job in plan.jobs() if job.result is not None]
    return {entry["name"]: entry for entry in task_entries(plan, finished)}


def test_every_task_has_its_entry(tmp_path: Path) -> None:
    damaged = DamagedSentences(corpus=tmp_path / "corpus", fingerprint="2")
    plan = small_plan(
        tmp_path,
        *("clm", "cbow"),
        minimal_pairs=(PairFile(data=tmp_path / "blimp", fingerprint="1"), damaged),
        word_pairs=(PairFile(data=tmp_path / "simlex.txt", fingerprint="3"),),
        retrieval=True,
    )
    finish(next(job for job in plan.jobs() if job.kind == "minimal-pairs"), scores=[], pairs=7)
    finish(
        next(job for job in plan.jobs() if job.kind == "retrieval"), queries=300, candidates=250, chance={"mrr": 0.02}
    )
    finish(plan.overlap(plan.tasks[0]), overlap={"dev": {"exact": 1, "near": 2, "of": 24}})
    found = entries(plan)
    kinds = {name: (entry["kind"], entry["metric"], entry["chance"]) for name, entry in found.items()}
    assert kinds == {
        "mine": ("classification", "accuracy", 0.5),
        "blimp": ("minimal pairs", "accuracy", 0.5),
        "damaged_sentences": ("minimal pairs", "accuracy", 0.5),
        "next_sentence_retrieval": ("retrieval", "mrr", 0.02),
        "simlex": ("word pairs", "spearman", 0.0),
    }
    assert found["mine"]["labels"] == ["0", "1"] and found["mine"]["overlap"]["dev"]["near"] == 2
    assert found["mine"]["examples"] == {"train": 40, "dev": 24} and found["blimp"]["examples"] == {"dev": 7}
    assert found["next_sentence_retrieval"]["examples"] == {"dev": 300} and found["simlex"]["examples"] == {}


@pytest.mark.parametrize(("metric", "chance"), [("accuracy", 0.5), ("f1", None), ("matthews", 0.0)])
def test_chance_by_metric(tmp_path: Path, metric: str, chance: float | None) -> None:
    task = labelled_task(tmp_path)
    assert _chance(replace(task, task=replace(task.task, metrics=(metric,)))) == chance
