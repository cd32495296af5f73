"""The plan of a comparison: its jobs, their dependencies and their order."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from nlp_ssl import recipe as recipes
from nlp_ssl.comparison.jobs import CorpusInput, Job, best, rate_of
from nlp_ssl.comparison.tasks import LabelledTask, PairFile
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.evaluation.finetune import Finetune, Protocol
from nlp_ssl.evaluation.minimal_pairs import MinimalPairs
from nlp_ssl.evaluation.options import TaskOptions
from nlp_ssl.evaluation.probe import Probe
from nlp_ssl.evaluation.result_cache import arguments
from nlp_ssl.recipe import Budget, Recipe
from nlp_ssl.training.run_folder import INCIDENTAL, snapshots

LADDER = (0.3, 1.0, 3.0)
"""Factors of a recipe's learning rate that tuning tries."""

MINIMAL_PAIRS = "minimal-pairs"

PILOT = 0.1
"""Share of the budget that a pilot run gets, to try one learning rate."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that determines the jobs of a comparison."""

    out: Path
    corpus: Corpus
    recipes: Mapping[str, Recipe]
    tasks: Sequence[LabelledTask]
    minimal_pairs: Sequence[PairFile]
    word_pairs: Sequence[PairFile]
    seeds: int
    train_examples: tuple[int | None, ...]
    """Training set sizes; None means all examples."""
    finetune_seeds: int
    protocol: Protocol
    max_length: int
    """Maximum number of tokens of a labelled example."""
    precision: Any
    tune: bool

    def jobs(self) -> list[Job]:
        """All jobs in the order of execution. The first seed comes first, so that a full table is there early.

        Learning rates are read from finished pilots, so the list changes while jobs finish.
        """
        jobs = [*map(self.overlap, self.tasks), *map(self.show, self.recipes)]
        for seed in range(1, self.seeds + 1):
            for name in self.recipes:
                run = self.run(name, seed)
                jobs += [*(self.pilots(name) if seed == 1 else []), run, *self._scores(name, seed, run)]
        return jobs

    def sizes(self, task: LabelledTask) -> list[int | None]:
        """Training set sizes that the task has enough examples for."""
        return [n for n in self.train_examples if n is None or n <= task.counts["train"]]

    # --- pretraining ---

    def run(self, name: str, seed: int) -> Job:
        """Pretraining run of a recipe, with the learning rate from the pilots."""
        recipe = replace(self.recipes[name], seed=seed)
        pilots = self.pilots(name)
        chosen = best(pilots)
        if chosen is not None:
            pilots = []  # no longer needed
            optimizer = replace(recipe.optimizer, learning_rate=rate_of(chosen))
            recipe = replace(recipe, optimizer=optimizer)
        about = {"model": name, "role": "objective", "pretraining_seed": seed}
        return self._pretrain(f"pretrain {name} seed {seed}", recipe, about, tuple(pilots))

    def pilots(self, name: str) -> list[Job]:
        """Short runs that choose the learning rate; empty without --tune."""
        if not self.tune:
            return []
        recipe = self.recipes[name]
        budget = Budget.parse(recipe.budget)
        least = 1.0 if budget.unit == "steps" else 0.0
        amount = f"{max(PILOT * budget.amount, least):.4f}".rstrip("0").rstrip(".")
        recipe = replace(recipe, seed=1, budget=f"{amount}-{budget.unit}", evaluations=1)
        pilots = []
        for factor in LADDER:
            rate = float(f"{factor * recipe.optimizer.learning_rate:.6g}")
            tried = replace(recipe, optimizer=replace(recipe.optimizer, learning_rate=rate))
            about = {"model": name, "learning_rate": rate}
            pilots.append(self._pretrain(f"pretrain {name} pilot {rate:g}", tried, about))
        return pilots

    def _pretrain(self, name: str, recipe: Recipe, about: Mapping[str, Any], needs: tuple[Job, ...] = ()) -> Job:
        toml = recipes.dump(recipe)
        table = tomllib.loads(toml)
        for key in INCIDENTAL:
            *where, last = key.split(".")
            (table[where[0]] if where else table).pop(last, None)
        job = Job(
            name=name,
            kind="pretrain",
            out=self.out,
            depends={"recipe": table, "corpus": self.corpus.fingerprint},
            inputs=(self._corpus_input,),
            arguments=(),
            needs=needs,
            files={"recipe.toml": toml},
            about=about,
        )
        words = [str(job.folder / "recipe.toml"), "--corpus", str(self.corpus.folder)]
        return replace(job, arguments=([*words, "--out", str(job.folder / "run"), "--resume"],))

    # --- scores ---

    def _scores(self, name: str, seed: int, run: Job) -> Iterator[Job]:
        """Jobs that score a run. New kinds of scores are added here."""
        for task in self.tasks:
            for n in self.sizes(task):
                yield self._on_task(Finetune, asdict(self.protocol), name, seed, run, task, n)
                yield self._on_task(Probe, {}, name, seed, run, task, n)
                for snapshot in snapshots(self.recipes[name].snapshots):
                    yield self._on_task(Probe, {"baselines": False}, name, seed, run, task, n, snapshot)

        mixture = self.recipes[name].mixture
        for words in self.word_pairs if mixture.body == "static" else ():
            yield self._on_words(name, seed, run, words)

        for pairs in self.minimal_pairs if mixture.gives_likelihood else ():
            yield self._on_pairs(name, seed, run, pairs)

        for other, asked in self.recipes.items():
            differs = other != name and mixture.losses != asked.mixture.losses
            if differs and mixture.answers(asked.mixture, self.vocabulary):
                yield self._on_objective(other, name, seed, run)

    def _on_objective(self, other: str, name: str, seed: int, run: Job) -> Job:
        """Validation metrics of a run on another recipe's objective."""
        recipe = self.recipes[other]
        toml = recipes.dump(recipe)
        job = Job(
            name=f"evaluate {name} seed {seed} on the objective of {other}",
            kind="evaluate",
            out=self.out,
            depends={"run": run.folder.name, "on": tomllib.loads(toml)["objective"], "mixing": recipe.mixing},
            inputs=(self._corpus_input,),
            arguments=(),
            needs=(run,),
            files={"on.toml": toml},
            about={**run.about, "on": other},
        )
        words = [str(run.folder / "run"), "--corpus", str(self.corpus.folder), "--on", str(job.folder / "on.toml")]
        return replace(job, arguments=(words,))

    @property
    def _corpus_input(self) -> CorpusInput:
        return CorpusInput(self.corpus.folder, self.corpus.fingerprint)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Vocabulary of the corpus."""
        return Vocabulary.of(self.corpus)

    def _on_pairs(self, name: str, seed: int, run: Job, pairs: PairFile) -> Job:
        """Zero-shot likelihoods of minimal pairs."""
        job = Job(
            name=f"{MINIMAL_PAIRS} {name} seed {seed} on {pairs.name}",
            kind=MINIMAL_PAIRS,
            out=self.out,
            depends={"run": run.folder.name, "pairs": pairs.fingerprint, "precision": self.precision},
            inputs=(pairs,),
            arguments=(),
            needs=(run,),
            about={**run.about, "task": pairs.name, "train_examples": None},
        )
        out = job.folder / "scores"
        options = MinimalPairs(run=run.folder / "run", data=(pairs.data,), out=out, precision=self.precision)
        return replace(job, arguments=(arguments(options),))

    def _on_words(self, name: str, seed: int, run: Job, pairs: PairFile) -> Job:
        """Correlation of word vectors' cosines with human similarity ratings."""
        words = [str(run.folder / "run"), "--pairs", str(pairs.data)]
        return Job(
            name=f"similarity {name} seed {seed} on {pairs.name}",
            kind="similarity",
            out=self.out,
            depends={"run": run.folder.name, "pairs": pairs.fingerprint, "baseline_seed": seed},
            inputs=(pairs,),
            arguments=(words, self.finetune_seeds, seed),
            needs=(run,),
            networks=self.finetune_seeds,
            about={**run.about, "task": pairs.name, "train_examples": None},
        )

    def _on_task(
        self,
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
        settings = {**options, "train_examples": n, "max_length": self.max_length, "precision": self.precision}
        if snapshot is None:
            settings["baseline_seed"] = seed
        when, about = (f", {snapshot}", {"snapshot": snapshot}) if snapshot else ("", {})
        of_task = {"task": task.name, "train_examples": n, "random_init": self.random_init(name)}
        job = Job(
            name=f"{command.command} {name} seed {seed}{when} on {task.name}, {'all' if n is None else n} examples",
            kind=command.command,
            out=self.out,
            depends={"run": run.folder.name, "task": task.key, **settings, **about},
            inputs=(task,),
            arguments=(),
            needs=(run,),
            networks=1 if snapshot else self.finetune_seeds,  # a snapshot has one score and no baselines
            about={**run.about, **of_task, **about},
        )
        made = run.folder / "run"
        scoring = command(
            run=made / "snapshots" / snapshot if snapshot else made,
            task=task.given,
            data=task.data,
            out=job.folder / "scores",
            seeds=self.finetune_seeds,
            share_baselines=self.out / "baselines",
            **settings,
            **task.flags,
        )
        return replace(job, arguments=(arguments(scoring),))

    def random_init(self, name: str) -> str:
        """Name of an objective's random initialisation: by its body, or by the first objective with equal weights.

        Recipes of one body share a random initialisation where model and maximum length are equal. Dropout is
        ignored: fine-tuning sets its own.
        """

        def network(other: str) -> tuple[Any, ...]:
            recipe = self.recipes[other]
            return recipe.mixture.body, replace(recipe.model, dropout=0.0), recipe.batch.max_length

        body = self.recipes[name].mixture.body
        same_body = [other for other, recipe in self.recipes.items() if recipe.mixture.body == body]
        first = next(other for other in same_body if network(other) == network(name))
        alone = all(network(other) == network(name) for other in same_body)
        return f"{body if alone else first}, random initialisation"

    def show(self, name: str) -> Job:
        """A few examples of an objective's input and targets."""
        toml = recipes.dump(self.recipes[name])
        job = Job(
            name=f"show {name}",
            kind="show",
            out=self.out,
            depends={"recipe": tomllib.loads(toml), "corpus": self.corpus.fingerprint},
            inputs=(self._corpus_input,),
            arguments=(),
            files={"recipe.toml": toml},
            about={"model": name},
        )
        return replace(job, arguments=([str(job.folder / "recipe.toml"), "--corpus", str(self.corpus.folder)],))

    def overlap(self, task: LabelledTask) -> Job:
        """Overlap of a task's texts with the corpus."""
        data = [str(path) for path in task.data]
        return Job(
            name=f"overlap with {task.name}",
            kind="overlap",
            out=self.out,
            depends={"corpus": self.corpus.fingerprint, "task": task.key},
            inputs=(self._corpus_input, task),
            arguments=(str(self.corpus.folder), task.given, data, dict(task.flags)),
            about={"task": task.name},
        )
