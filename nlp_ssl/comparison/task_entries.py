"""The tasks of a comparison, as results.json describes them."""

from __future__ import annotations

from typing import Any

from nlp_ssl.comparison.jobs import Finished
from nlp_ssl.comparison.plan import Plan
from nlp_ssl.comparison.tasks import DamagedSentences, LabelledTask, PairFile
from nlp_ssl.evaluation.scores import score_name
from nlp_ssl.tasks.draws import EXTENDED
from nlp_ssl.tasks.flags import RETRIEVAL
from nlp_ssl.tasks.metrics import CORRELATIONS

MINIMAL_PAIRS_ENTRY = {
    "title": "Minimal pairs: which of two sentences is more likely, zero-shot",
    "kind": "minimal pairs",
    "knowledge": "syntax",
    "metric": "accuracy",
    "chance": 0.5,
}
DAMAGED_ENTRY = {
    **MINIMAL_PAIRS_ENTRY,
    "title": "Damaged sentences: which of a sentence and its damaged version is more likely, zero-shot",
    "knowledge": "order",
}
WORD_PAIRS_ENTRY = {
    "title": "Word pairs: correlation of cosines with human similarity ratings",
    "kind": "word pairs",
    "knowledge": "words",
    "metric": "spearman",
    "chance": 0.0,
}


def task_entries(plan: Plan, finished: Finished) -> list[dict[str, Any]]:
    """An entry for each task: what it asks, its examples, metric and chance."""
    return [
        *(_task(plan, task) for task in plan.tasks),
        *(
            _pairs(pairs, finished, DAMAGED_ENTRY if isinstance(pairs, DamagedSentences) else MINIMAL_PAIRS_ENTRY)
            for pairs in plan.minimal_pairs
        ),
        *([_retrieval(finished)] if plan.retrieval else []),
        *(_pairs(pairs, finished, WORD_PAIRS_ENTRY) for pairs in plan.word_pairs),
    ]


def _task(plan: Plan, task: LabelledTask) -> dict[str, Any]:
    result = None if task.is_made else plan.overlap(task).result
    return {
        "name": task.name,
        "title": task.task.title,
        "metric": score_name(task.task, task.task.metrics[0], task.task.evaluation_splits[0]),
        "extended_metric": score_name(task.task, task.task.metrics[0], EXTENDED),
        "kind": task.task.kind,
        "knowledge": task.task.knowledge,
        "labels": list(task.labels),
        "examples": dict(task.counts),
        "chance": _chance(task),
        "overlap": result["overlap"] if result else {},
    }


def _pairs(pairs: PairFile | DamagedSentences, finished: Finished, entry: dict[str, Any]) -> dict[str, Any]:
    """Minimal pairs or word pairs as a task."""
    counts = [result["pairs"] for job, result in finished if job.about.get("task") == pairs.name and "pairs" in result]
    return {
        "name": pairs.name,
        **entry,
        "labels": [],
        "examples": {"dev": counts[0]} if counts else {},
        "overlap": {},
    }


def _retrieval(finished: Finished) -> dict[str, Any]:
    """The retrieval of neighbouring sentences as a task."""
    found = next((result for job, result in finished if job.kind == "retrieval"), None)
    among = f" among {found['candidates']:,}" if found else ""
    return {
        "name": RETRIEVAL,
        "title": f"Retrieval: which sentence follows{among}, by the cosine of vectors, zero-shot",
        "kind": "retrieval",
        "knowledge": "meaning",
        "metric": "mrr",
        "chance": found["chance"]["mrr"] if found else None,
        "labels": [],
        "examples": {"dev": found["queries"]} if found else {},
        "overlap": {},
    }


def _chance(task: LabelledTask) -> float | None:
    """Expected score of random guessing by the first metric; None for F1, where it depends on the guesses."""
    metric = task.task.metrics[0]
    if metric == "accuracy":
        return 1 / len(task.labels)
    if metric == "auc":
        return 0.5
    return 0.0 if metric in CORRELATIONS else None
