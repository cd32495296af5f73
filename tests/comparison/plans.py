"""Plans of small comparisons, and finished jobs without any training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nlp_ssl import recipe_files
from nlp_ssl.comparison.jobs import Job
from nlp_ssl.comparison.plan import Plan
from nlp_ssl.comparison.tasks import LabelledTask, load_labelled
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.evaluation.finetune import Protocol
from tests.worlds import write_corpus

TRAIN, DEV = 40, 24
"""Examples of the task `mine`. Each has four words: a model reads six tokens."""


def labelled_task(folder: Path, name: str = "mine") -> LabelledTask:
    """A task of 40 training and 24 dev examples, alternately of two labels."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    for split, n in (("train", TRAIN), ("dev", DEV)):
        rows = [f"w5 w6 w7 w{8 + i}\t{i % 2}" for i in range(n)]
        (folder / name / f"{split}.tsv").write_text("\n".join(["text\tlabel", *rows, ""]))
    return load_labelled(name, folder, {"text_column": "text", "label_column": "label"})


def small_plan(folder: Path, *names: str, **changes: Any) -> Plan:
    """A plan for recipes by name, with one seed and the task `mine`; `changes` are fields of `Plan`."""
    corpus = folder / "corpus"
    if not corpus.is_dir():
        write_corpus(corpus)
    tasks = changes.pop("tasks", None)
    values: dict[str, Any] = {
        "recipes": {name: recipe_files.load(name) for name in names},
        "minimal_pairs": (),
        "word_pairs": (),
        "looks": (changes.get("seeds", 1),),
        "seeds": 1,
        "train_examples": (None,),
        "finetune_seeds": 2,
        "protocol": Protocol(learning_rates=(1e-3,), epochs=5, batch_size=8),
        "max_length": 16,
        "precision": "fp32",
        "class_weights": "equal",
        "tune": False,
        **changes,
    }
    tasks = [labelled_task(folder / "data")] if tasks is None else tasks
    return Plan(out=folder / "out", corpus=Corpus.open(corpus), tasks=tasks, **values)


def finish(job: Job, **result: Any) -> None:
    """Write a job's result, as its process would."""
    job.folder.mkdir(parents=True, exist_ok=True)
    content = {"networks": job.networks, "seconds": 1.0, "peak_memory_bytes": 1000, "source": "abc", **result}
    (job.folder / "done.json").write_text(json.dumps(content))


def fail(job: Job, error: str) -> None:
    """Write a job's error, as its process would."""
    job.folder.mkdir(parents=True, exist_ok=True)
    (job.folder / "failed.json").write_text(json.dumps({"error": error}))
