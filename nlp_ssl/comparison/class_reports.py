"""Figures of each class in results.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nlp_ssl.comparison.jobs import Job


def model_name(job: Job, key: str) -> str:
    """The name in results.json of a model that a job scored."""
    names = {
        "random": "random vectors",
        "random_init": job.about.get("random_init"),
        "pretrained": job.about["model"],
        "random_labels": f"{job.about['model']}, random labels",
    }
    name: str = names.get(key) or key
    return name


def class_reports(finished: Sequence[tuple[Job, dict[str, Any]]]) -> list[dict[str, Any]]:
    """The figures of each class for each final model, task and setting; shared baselines appear once.

    Each entry has the content of `nlp_ssl.tasks.class_report`, and the `split` that it is about.
    """
    reports: dict[tuple[Any, ...], dict[str, Any]] = {}
    for job, result in finished:
        if job.about.get("snapshot") is not None:
            continue
        for entry in result.get("classes", []):
            known = {
                "model": model_name(job, entry["key"]),
                "pretraining_seed": job.about["pretraining_seed"] if entry["key"] == "pretrained" else None,
                "task": job.about["task"],
                "train_examples": job.about["train_examples"],
                "method": entry["method"],
            }
            figures = {key: value for key, value in entry.items() if key not in ("key", "method")}
            reports.setdefault(tuple(known.values()), {**known, **figures})
    return list(reports.values())
