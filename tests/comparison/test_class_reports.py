"""Figures of each class, collected from jobs."""

from pathlib import Path

from nlp_ssl.comparison.class_reports import class_reports, model_name
from nlp_ssl.comparison.jobs import Job


def job(folder: Path, seed: int, **about: object) -> Job:
    known = {"model": "mlm", "pretraining_seed": seed, "task": "sst2", "train_examples": 100, "random_init": "encoder"}
    return Job(name="j", kind="probe", out=folder, depends={}, arguments=(), about={**known, **about})


def entry(key: str, f1: float) -> dict:
    return {"key": key, "method": "probe", "split": "dev", "classes": {"a": {"f1": f1}}}


def test_objectives_have_an_entry_for_each_seed_and_shared_baselines_one(tmp_path: Path) -> None:
    finished = [
        (job(tmp_path, 1), {"classes": [entry("tfidf", 0.1), entry("pretrained", 0.2)]}),
        (job(tmp_path, 2), {"classes": [entry("tfidf", 0.1), entry("pretrained", 0.3)]}),
        (job(tmp_path, 1, snapshot="half"), {"classes": [entry("pretrained", 0.9)]}),
        (job(tmp_path, 1), {"scores": []}),
    ]
    found = class_reports(finished)
    assert [(r["model"], r["pretraining_seed"], r["classes"]["a"]["f1"]) for r in found] == [
        ("tfidf", None, 0.1),
        ("mlm", 1, 0.2),
        ("mlm", 2, 0.3),
    ]
    assert (found[0]["split"], found[0]["method"], found[0]["train_examples"]) == ("dev", "probe", 100)


def test_models_have_the_names_of_results(tmp_path: Path) -> None:
    names = [model_name(job(tmp_path, 1), key) for key in ("pretrained", "random_init", "random", "majority")]
    assert names == ["mlm", "encoder", "random vectors", "majority"]
