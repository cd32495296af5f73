"""The jobs that score a pretraining run."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any

from nlp_ssl import recipe_files
from nlp_ssl.comparison.jobs import Job
from nlp_ssl.comparison.tasks import DamagedSentences, LabelledTask, PairFile
from nlp_ssl.evaluation.few_shot import FewShot
from nlp_ssl.evaluation.finetune import Finetune
from nlp_ssl.evaluation.minimal_pairs import MinimalPairs
from nlp_ssl.evaluation.options import TaskOptions
from nlp_ssl.evaluation.probe import Probe
from nlp_ssl.evaluation.result_cache import PROTOCOL, arguments
from nlp_ssl.evaluation.retrieval import Retrieval
from nlp_ssl.evaluation.scores import score_name
from nlp_ssl.tasks.flags import RETRIEVAL, ColumnFlags
from nlp_ssl.training.run_folder import snapshots

if TYPE_CHECKING:
    from nlp_ssl.comparison.plan import Plan

MINIMAL_PAIRS = "minimal-pairs"
FEW_SHOT = "few-shot"


def score_jobs(plan: Plan, name: str, seed: int, run: Job) -> Iterator[Job]:
    """Jobs that score a run. New kinds of scores are added here."""
    for task in plan.tasks:
        for shots in plan.shots if FEW_SHOT in plan.methods_for(task) and name in plan.prompted else ():
            yield _by_prompts(plan, name, seed, run, task, shots)
        for n in plan.sizes(task):
            if "finetune" in plan.methods_for(task):
                yield _on_task(plan, Finetune, asdict(plan.protocol), name, seed, run, task, n)
            if "probe" not in plan.methods_for(task):
                continue
            yield _on_task(plan, Probe, {}, name, seed, run, task, n)
            for snapshot in snapshots(plan.recipes[name].snapshots):
                yield _on_task(plan, Probe, {"baselines": False}, name, seed, run, task, n, snapshot)

    if plan.retrieval:
        yield _on_neighbours(plan, name, seed, run)

    mixture = plan.recipes[name].mixture
    for words in plan.word_pairs if mixture.body == "static" else ():
        yield _on_words(plan, name, seed, run, words)

    for pairs in plan.minimal_pairs if mixture.gives_likelihood else ():
        yield _on_pairs(plan, name, seed, run, pairs)

    for other, asked in plan.recipes.items():
        differs = other != name and mixture.losses != asked.mixture.losses
        if differs and mixture.answers(asked.mixture, plan.vocabulary):
            yield _on_objective(plan, other, name, seed, run)


def _on_objective(plan: Plan, other: str, name: str, seed: int, run: Job) -> Job:
    """Validation metrics of a run on another recipe's objective."""
    recipe = plan.recipes[other]
    toml = recipe_files.dump(recipe)
    job = Job(
        name=f"evaluate {name} seed {seed} on the objective of {other}",
        kind="evaluate",
        out=plan.out,
        depends={"run": run.folder.name, "on": tomllib.loads(toml)["objective"], "mixing": recipe.mixing},
        inputs=(plan.corpus_input,),
        arguments=(),
        needs=(run,),
        files={"on.toml": toml},
        about={**run.about, "on": other},
    )
    words = [str(run.folder / "run"), "--corpus", str(plan.corpus.folder), "--on", str(job.folder / "on.toml")]
    return replace(job, arguments=(words,))


def _on_pairs(plan: Plan, name: str, seed: int, run: Job, pairs: PairFile | DamagedSentences) -> Job:
    """Zero-shot likelihoods of minimal pairs."""
    job = Job(
        name=f"{MINIMAL_PAIRS} {name} seed {seed} on {pairs.name}",
        kind=MINIMAL_PAIRS,
        out=plan.out,
        depends={"run": run.folder.name, "pairs": pairs.fingerprint, "precision": plan.precision},
        inputs=(pairs,),
        arguments=(),
        needs=(run,),
        about={**run.about, "task": pairs.name, "train_examples": None},
    )
    out = job.folder / "scores"
    options = MinimalPairs(run=run.folder / "run", **pairs.source, out=out, precision=plan.precision)
    return replace(job, arguments=(arguments(options),))


def _by_prompts(plan: Plan, name: str, seed: int, run: Job, task: LabelledTask, shots: int) -> Job:
    """Prompts with so many demonstrations, drawn as often as networks are fine-tuned; without any, there is one."""
    split = task.task.evaluation_splits[0]
    metrics = {metric: score_name(task.task, metric, split) for metric in task.task.metrics}
    draws = plan.finetune_seeds if shots else 1
    job = Job(
        name=f"{FEW_SHOT} {name} seed {seed} on {task.name}, {shots} shots",
        kind=FEW_SHOT,
        out=plan.out,
        depends={"run": run.folder.name, "task": task.key, "shots": shots, "precision": plan.precision},
        inputs=(task,),
        arguments=(),
        needs=(run,),
        networks=draws,
        about={**run.about, "task": task.name, "train_examples": shots},
    )
    columns: dict[str, Any] = {field.name: task.flags.get(field.name) for field in fields(ColumnFlags)}
    options = FewShot(
        run=run.folder / "run",
        task=task.given,
        data=task.data,
        out=job.folder / "scores",
        shots=(shots,),
        seeds=draws,
        precision=plan.precision,
        **columns,
    )
    return replace(job, arguments=(arguments(options), metrics, task.task.positive))


def _on_neighbours(plan: Plan, name: str, seed: int, run: Job) -> Job:
    """Retrieval of neighbouring sentences; baselines are shared between jobs."""
    settings = {"max_length": plan.max_length, "precision": plan.precision, "baseline_seed": seed}
    job = Job(
        name=f"retrieval {name} seed {seed}",
        kind="retrieval",
        out=plan.out,
        depends={"run": run.folder.name, "corpus": plan.corpus.fingerprint, **settings},
        inputs=(plan.corpus_input,),
        arguments=(),
        needs=(run,),
        networks=plan.finetune_seeds,
        about={**run.about, "task": RETRIEVAL, "train_examples": None, "random_init": plan.random_init(name)},
    )
    options = Retrieval(
        run=run.folder / "run",
        corpus=plan.corpus.folder,
        out=job.folder / "scores",
        seeds=plan.finetune_seeds,
        share_baselines=plan.out / "baselines",
        **settings,
    )
    return replace(job, arguments=(arguments(options),))


def _on_words(plan: Plan, name: str, seed: int, run: Job, pairs: PairFile) -> Job:
    """Correlation of word vectors' cosines with human similarity ratings."""
    words = [str(run.folder / "run"), "--pairs", str(pairs.data)]
    return Job(
        name=f"similarity {name} seed {seed} on {pairs.name}",
        kind="similarity",
        out=plan.out,
        depends={"run": run.folder.name, "pairs": pairs.fingerprint, "baseline_seed": seed},
        inputs=(pairs,),
        arguments=(words, plan.finetune_seeds, seed),
        needs=(run,),
        networks=plan.finetune_seeds,
        about={**run.about, "task": pairs.name, "train_examples": None},
    )


def _on_task(
    plan: Plan,
    command: type[TaskOptions],
    options: Mapping[str, Any],
    name: str,
    seed: int,
    run: Job,
    task: LabelledTask,
    n: int | None,
    snapshot: str | None = None,
) -> Job:
    """Score a run, or one of its snapshots, on a task with n examples; baselines are shared between jobs."""
    settings = {**options, "train_examples": n, "max_length": plan.max_length, "precision": plan.precision}
    settings["class_weights"] = plan.class_weights
    if snapshot is None:
        settings["baseline_seed"] = seed
    when, about = (f", {snapshot}", {"snapshot": snapshot}) if snapshot else ("", {})
    of_task = {"task": task.name, "train_examples": n, "random_init": plan.random_init(name)}
    job = Job(
        name=f"{command.command} {name} seed {seed}{when} on {task.name}, {'all' if n is None else n} examples",
        kind=command.command,
        out=plan.out,
        depends={"run": run.folder.name, "task": task.key, "protocol": PROTOCOL, **settings, **about},
        inputs=(plan.corpus_input if task.is_made else task,),  # examples are a function of the corpus
        arguments=(),
        needs=(run,),
        networks=1 if snapshot else plan.finetune_seeds,  # a snapshot has one score and no baselines
        about={**run.about, **of_task, **about},
    )
    made = run.folder / "run"
    scoring = command(
        run=made / "snapshots" / snapshot if snapshot else made,
        task=task.given,
        **task.source,
        out=job.folder / "scores",
        seeds=plan.finetune_seeds,
        share_baselines=plan.out / "baselines",
        **settings,
        **task.flags,
    )
    return replace(job, arguments=(arguments(scoring),))
