"""The jobs that score a pretraining run, or an existing model."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlp_ssl import recipe_files
from nlp_ssl.comparison.existing import ExistingModel
from nlp_ssl.comparison.jobs import Input, Job
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


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A model to score: that of a run, or an existing one."""

    name: str
    """Of its row."""
    seed: int
    """Of its baselines."""
    folder: Path
    """Of the run or the model."""
    depends: Mapping[str, Any]
    """What scores depend on."""
    about: Mapping[str, Any]
    """Columns that its scores share."""
    needs: tuple[Job, ...] = ()
    inputs: tuple[Input, ...] = ()
    baselines: bool = True
    """Whether its random initialisation is scored, too."""


def score_jobs(plan: Plan, name: str, seed: int, run: Job) -> Iterator[Job]:
    """Jobs that score a run."""
    model = Scored(
        name=name,
        seed=seed,
        folder=run.folder / "run",
        depends={"run": run.folder.name},
        about=run.about,
        needs=(run,),
    )
    yield from _jobs(plan, model, tuple(snapshots(plan.recipes[name].snapshots)))
    mixture = plan.recipes[name].mixture
    for other, asked in plan.recipes.items():
        differs = other != name and mixture.losses != asked.mixture.losses
        if differs and mixture.answers(asked.mixture, plan.vocabulary):
            yield _on_objective(plan, other, name, seed, run)


def existing_jobs(plan: Plan, model: ExistingModel) -> Iterator[Job]:
    """Jobs that score an existing model. Its random initialisation is that of a recipe that starts from it, if any."""
    scored = Scored(
        name=model.name,
        seed=plan.first_seed,
        folder=model.folder,
        depends={"model": dict(model.files)},
        about={"model": model.name, "role": "objective", "pretraining_seed": None, "baseline_seed": plan.first_seed},
        inputs=(model,),
        baselines=not model.starts,
    )
    yield from _jobs(plan, scored)


def _jobs(plan: Plan, model: Scored, taken: Sequence[str] = ()) -> Iterator[Job]:
    """Jobs that score a model and its snapshots `taken` during training. New kinds of scores are added here."""
    can = plan.models[model.name]
    for task in plan.tasks:
        for shots in plan.shots if FEW_SHOT in plan.methods_for(task) and can.answers_prompts else ():
            yield _by_prompts(plan, model, task, shots)
        for n in plan.sizes(task):
            if "finetune" in plan.methods_for(task):
                yield _on_task(plan, Finetune, asdict(plan.protocol), model, task, n)
            if "probe" not in plan.methods_for(task):
                continue
            yield _on_task(plan, Probe, {}, model, task, n)
            for snapshot in taken:
                yield _on_task(plan, Probe, {}, model, task, n, snapshot)

    if plan.retrieval:
        yield _on_neighbours(plan, model)

    for words in plan.word_pairs if can.body == "static" else ():
        yield _on_words(plan, model, words)

    for pairs in plan.minimal_pairs if can.gives_likelihood else ():
        yield _on_pairs(plan, model, pairs)


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


def _on_pairs(plan: Plan, model: Scored, pairs: PairFile | DamagedSentences) -> Job:
    """Zero-shot likelihoods of minimal pairs."""
    job = Job(
        name=f"{MINIMAL_PAIRS} {_title(model)} on {pairs.name}",
        kind=MINIMAL_PAIRS,
        out=plan.out,
        depends={**model.depends, "pairs": pairs.fingerprint, "precision": plan.precision},
        inputs=(pairs, *model.inputs),
        arguments=(),
        needs=model.needs,
        about={**model.about, "task": pairs.name, "train_examples": None},
    )
    out = job.folder / "scores"
    options = MinimalPairs(run=model.folder, **pairs.source, out=out, precision=plan.precision)
    return replace(job, arguments=(arguments(options),))


def _by_prompts(plan: Plan, model: Scored, task: LabelledTask, shots: int) -> Job:
    """Prompts with so many demonstrations, drawn as often as networks are fine-tuned; without any, there is one."""
    split = task.task.evaluation_splits[0]
    metrics = {metric: score_name(task.task, metric, split) for metric in task.task.metrics}
    draws = plan.finetune_seeds if shots else 1
    job = Job(
        name=f"{FEW_SHOT} {_title(model)} on {task.name}, {shots} shots",
        kind=FEW_SHOT,
        out=plan.out,
        depends={**model.depends, "task": task.key, "shots": shots, "precision": plan.precision},
        inputs=(task, *model.inputs),
        arguments=(),
        needs=model.needs,
        networks=draws,
        about={**model.about, "task": task.name, "train_examples": shots},
    )
    columns: dict[str, Any] = {field.name: task.flags.get(field.name) for field in fields(ColumnFlags)}
    options = FewShot(
        run=model.folder,
        task=task.given,
        data=task.data,
        out=job.folder / "scores",
        shots=(shots,),
        seeds=draws,
        precision=plan.precision,
        **columns,
    )
    return replace(job, arguments=(arguments(options), metrics, task.task.positive))


def _on_neighbours(plan: Plan, model: Scored) -> Job:
    """Retrieval of neighbouring sentences; baselines are shared between jobs."""
    settings = {"max_length": plan.max_length, "precision": plan.precision, "baseline_seed": model.seed}
    job = Job(
        name=f"retrieval {_title(model)}",
        kind="retrieval",
        out=plan.out,
        depends={**model.depends, "corpus": plan.corpus.fingerprint, **settings},
        inputs=(plan.corpus_input, *model.inputs),
        arguments=(),
        needs=model.needs,
        networks=plan.finetune_seeds,
        about={**model.about, "task": RETRIEVAL, "train_examples": None, "random_init": plan.random_init(model.name)},
    )
    options = Retrieval(
        run=model.folder,
        corpus=plan.corpus.folder,
        out=job.folder / "scores",
        seeds=plan.finetune_seeds,
        share_baselines=plan.out / "baselines",
        **settings,
    )
    return replace(job, arguments=(arguments(options),))


def _on_words(plan: Plan, model: Scored, pairs: PairFile) -> Job:
    """Correlation of word vectors' cosines with human similarity ratings."""
    words = [str(model.folder), "--pairs", str(pairs.data)]
    return Job(
        name=f"similarity {_title(model)} on {pairs.name}",
        kind="similarity",
        out=plan.out,
        depends={**model.depends, "pairs": pairs.fingerprint, "baseline_seed": model.seed},
        inputs=(pairs, *model.inputs),
        arguments=(words, plan.finetune_seeds, model.seed),
        needs=model.needs,
        networks=plan.finetune_seeds,
        about={**model.about, "task": pairs.name, "train_examples": None},
    )


def _on_task(
    plan: Plan,
    command: type[TaskOptions],
    options: Mapping[str, Any],
    model: Scored,
    task: LabelledTask,
    n: int | None,
    snapshot: str | None = None,
) -> Job:
    """Score a run, or one of its snapshots, on a task with n examples; baselines are shared between jobs."""
    settings = {**options, "train_examples": n, "max_length": plan.max_length, "precision": plan.precision}
    settings["class_weights"] = plan.class_weights
    if snapshot is not None or not model.baselines:
        settings["baselines"] = False
    else:
        settings["baseline_seed"] = model.seed
    when, about = (f", {snapshot}", {"snapshot": snapshot}) if snapshot else ("", {})
    of_task = {"task": task.name, "train_examples": n, "random_init": plan.random_init(model.name)}
    job = Job(
        name=f"{command.command} {_title(model)}{when} on {task.name}, {'all' if n is None else n} examples",
        kind=command.command,
        out=plan.out,
        depends={**model.depends, "task": task.key, "protocol": PROTOCOL, **settings, **about},
        inputs=(plan.corpus_input if task.is_made else task, *model.inputs),  # examples are a function of the corpus
        arguments=(),
        needs=model.needs,
        networks=1 if snapshot else plan.finetune_seeds,  # a snapshot has one score and no baselines
        about={**model.about, **of_task, **about},
    )
    scoring = command(
        run=model.folder / "snapshots" / snapshot if snapshot else model.folder,
        task=task.given,
        **task.source,
        out=job.folder / "scores",
        seeds=plan.finetune_seeds,
        share_baselines=plan.out / "baselines",
        **settings,
        **task.flags,
    )
    return replace(job, arguments=(arguments(scoring),))


def _title(model: Scored) -> str:
    """What a model is called in the names of jobs."""
    return f"{model.name} seed {model.seed}" if model.needs else model.name
