"""Scores of one model on all tasks that are made from a corpus: probes, damaged sentences, and retrieval."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nlp_ssl import recipe_files, registry
from nlp_ssl.console import part_of_a_result
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.minimal_pairs import MinimalPairs, minimal_pairs
from nlp_ssl.evaluation.probe import Probe, probe
from nlp_ssl.evaluation.retrieval import Retrieval, retrieval
from nlp_ssl.tasks.flags import DAMAGED, RETRIEVAL

RANDOM_NETWORKS = 1
"""Random initialisations beside the model. The commands of single tasks score three by default."""


@dataclass(frozen=True)
class TaskScore:
    """The score of a model on a task, with what it must beat. Scores are fractions."""

    name: str
    """Name of the task, and how it is scored."""
    score: float
    interval: tuple[float, float] | None
    """Confidence interval of 95 %."""
    best_simple: tuple[str, float]
    """Name and score of the best simple baseline; chance is one of them."""
    random_init: float | None
    """Score of the same network with random initialisation."""


def score_tasks(run: Path, corpus: Path) -> tuple[list[TaskScore], list[str]]:
    """Score a model on every task made from the corpus; returns the scores, and a sentence for each task without one.

    Nothing is kept.
    """
    found, problems = [], []
    with _temporary_folder() as out, part_of_a_result():
        for name, score in _tasks(run, corpus, out).items():
            try:
                found.append(score())
            except InputError as error:
                problems += [f"{name} is left out: {problem}" for problem in error.problems]
    return found, problems


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="nlp-ssl-") as folder:
        try:
            yield Path(folder)
        except KeyboardInterrupt as interrupt:  # without the notes of other commands that something is kept
            interrupt.__notes__ = ["nothing is kept; run the command again, or score one task with its own command"]
            raise


def _tasks(run: Path, corpus: Path, out: Path) -> dict[str, Callable[[], TaskScore]]:
    return {
        **{name: partial(_probed, name, run, corpus, out / name) for name in registry.names("corpus_tasks")},
        DAMAGED: partial(_on_damaged, run, corpus, out / DAMAGED),
        RETRIEVAL: partial(_on_neighbours, run, corpus, out / RETRIEVAL),
    }


def _probed(name: str, run: Path, corpus: Path, out: Path) -> TaskScore:
    result = probe(Probe(run=run, task=name, corpus=corpus, out=out, seeds=RANDOM_NETWORKS))
    linear = [model for model in result["models"] if model["method"] != "knn"]
    return _task_score(f"{name}, linear probe", "accuracy", linear, 0.5)


def _on_damaged(run: Path, corpus: Path, out: Path) -> TaskScore:
    if (run / "recipe.toml").is_file() and not recipe_files.load(str(run)).mixture.gives_likelihood:
        raise InputError("the objective gives no likelihoods of texts; mlm and clm do")
    result = minimal_pairs(MinimalPairs(run=run, corpus=corpus, out=out))
    return _task_score(f"{DAMAGED}, zero-shot accuracy", "accuracy", result["models"], 0.5)


def _on_neighbours(run: Path, corpus: Path, out: Path) -> TaskScore:
    result = retrieval(Retrieval(run=run, corpus=corpus, out=out, seeds=RANDOM_NETWORKS))
    return _task_score(f"{RETRIEVAL}, mrr", "mrr", result["models"], result["chance"]["mrr"])


def _task_score(name: str, metric: str, models: list[Mapping[str, Any]], chance: float) -> TaskScore:
    """The score of the pretrained model among `models`, which are entries of scores.json."""
    scores = {model["key"]: model["scores"][metric] for model in models}
    networks = ("pretrained", "random_init")
    simple = [(model["name"], scores[model["key"]]["mean"]) for model in models if model["key"] not in networks]
    ours, random_init = scores["pretrained"], scores.get("random_init")
    return TaskScore(
        name=name,
        score=ours["mean"],
        interval=None if ours.get("low") is None else (ours["low"], ours["high"]),
        best_simple=max([("chance", chance), *simple], key=lambda named: named[1]),
        random_init=None if random_init is None else random_init["mean"],
    )
