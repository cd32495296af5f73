"""The plan of a comparison: its jobs, their dependencies and their order."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from nlp_ssl import recipe_files
from nlp_ssl.comparison.existing import ExistingModel
from nlp_ssl.comparison.initial import InitialInput
from nlp_ssl.comparison.jobs import CorpusInput, Job, best, rate_of
from nlp_ssl.comparison.random_init import random_init_name
from nlp_ssl.comparison.score_jobs import existing_jobs, score_jobs
from nlp_ssl.comparison.tasks import DamagedSentences, LabelledTask, PairFile
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.evaluation.finetune import Protocol
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.recipe import Budget, Recipe
from nlp_ssl.training.run_folder import INCIDENTAL

LADDER = (0.3, 1.0, 3.0)
"""Factors of a recipe's learning rate that tuning tries."""

Method = Literal["finetune", "probe", "few-shot"]

PILOT = 0.1
"""Share of the budget that a pilot run gets, to try one learning rate."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that determines the jobs of a comparison."""

    out: Path
    corpus: Corpus
    recipes: Mapping[str, Recipe]
    tasks: Sequence[LabelledTask]
    minimal_pairs: Sequence[PairFile | DamagedSentences]
    word_pairs: Sequence[PairFile]
    looks: tuple[int, ...]
    """Numbers of pretraining seeds after which the results are analysed."""
    seeds: int
    """Pretraining seeds of each objective: one of `looks`."""
    first_seed: int = 1
    """The lowest of them; the others follow it."""
    train_examples: tuple[int | None, ...]
    """Training set sizes; None means all examples."""
    finetune_seeds: int
    protocol: Protocol
    max_length: int
    """Maximum number of tokens of a labelled example."""
    precision: Any
    class_weights: str
    """Weights of the classes in training: those of `nlp_ssl.evaluation.options`."""
    tune: bool
    methods: tuple[Method, ...] = ()
    """How labelled tasks are scored. If empty, by finetune and probe; tasks made from the corpus by probe alone."""
    shots: tuple[int, ...] = ()
    """Numbers of demonstrations in a prompt."""
    retrieval: bool = False
    """Whether to score the retrieval of neighbouring sentences."""
    initial: Mapping[str, InitialInput] = field(default_factory=dict)
    """The models that recipes start from, by their names there."""
    existing: Mapping[str, ExistingModel] = field(default_factory=dict)
    """The models that are scored as they are, by the names of their rows."""

    def jobs(self) -> list[Job]:
        """All jobs in the order of execution. The first seed comes first, so that a full table is there early.

        Learning rates are read from finished pilots, so the list changes while jobs finish.
        """
        labelled = [task for task in self.tasks if not task.is_made]
        jobs = [*map(self.overlap, labelled), *map(self.show, self.recipes)]
        for seed in self.seed_numbers:
            for name in self.recipes:
                run = self.run(name, seed)
                jobs += [
                    *(self.pilots(name) if seed == self.first_seed else []),
                    run,
                    *score_jobs(self, name, seed, run),
                ]
            if seed == self.first_seed:
                jobs += [job for model in self.existing.values() for job in existing_jobs(self, model)]
        return jobs

    @property
    def models(self) -> dict[str, Mixture | ExistingModel]:
        """What each row's model can do, by name: recipes, then existing models."""
        return {name: recipe.mixture for name, recipe in self.recipes.items()} | dict(self.existing)

    @property
    def seed_numbers(self) -> range:
        """The pretraining seeds, which are also those of the random initialisations."""
        return range(self.first_seed, self.first_seed + self.seeds)

    def sizes(self, task: LabelledTask) -> list[int | None]:
        """Training set sizes that the task has enough examples for; all of them for a task made from the corpus."""
        found = [n for n in self.train_examples if n is None or n <= task.counts["train"]]
        return found or [None] * task.is_made

    def methods_for(self, task: LabelledTask) -> tuple[Method, ...]:
        """How a labelled task is scored: by prompts only if labels are words and a model gives them a likelihood; by
        fine-tuning alone if labels are texts to write."""
        asked: tuple[Method, ...] = self.methods or (("probe",) if task.is_made else ("finetune", "probe"))
        if task.task.kind_type.writes_text:
            return tuple(m for m in asked if m == "finetune")
        return tuple(m for m in asked if m != "few-shot" or (self.prompted and task.has_label_words))

    @property
    def prompted(self) -> list[str]:
        """The rows whose models can be scored by prompts."""
        return [name for name, model in self.models.items() if model.answers_prompts]

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
        share = PILOT * budget.amount if budget.unit != "steps" else round(PILOT * budget.amount)
        amount = f"{max(share, least):.4f}".rstrip("0").rstrip(".")
        recipe = replace(recipe, seed=1, budget=f"{amount}-{budget.unit}", evaluations=1)
        pilots = []
        for factor in LADDER:
            rate = float(f"{factor * recipe.optimizer.learning_rate:.6g}")
            tried = replace(recipe, optimizer=replace(recipe.optimizer, learning_rate=rate))
            about = {"model": name, "learning_rate": rate}
            pilots.append(self._pretrain(f"pretrain {name} pilot {rate:g}", tried, about))
        return pilots

    def _pretrain(self, name: str, recipe: Recipe, about: Mapping[str, Any], needs: tuple[Job, ...] = ()) -> Job:
        toml = recipe_files.dump(recipe)
        table = tomllib.loads(toml)
        for key in INCIDENTAL:
            *where, last = key.split(".")
            (table[where[0]] if where else table).pop(last, None)
        initial = self.initial.get(table.pop("init", ""))
        job = Job(
            name=name,
            kind="pretrain",
            out=self.out,
            depends={
                "recipe": table,
                "corpus": self.corpus.fingerprint,
                **({"initial model": initial.checksum} if initial else {}),
            },
            inputs=(self.corpus_input, *([initial] if initial else [])),
            arguments=(),
            needs=needs,
            files={"recipe.toml": toml},
            about=about,
        )
        words = [str(job.folder / "recipe.toml"), "--corpus", str(self.corpus.folder)]
        return replace(job, arguments=([*words, "--resume", str(job.folder / "run")],))

    @property
    def corpus_input(self) -> CorpusInput:
        """The corpus as an input of jobs."""
        return CorpusInput(self.corpus.folder, self.corpus.fingerprint)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Vocabulary of the corpus."""
        return Vocabulary.of(self.corpus)

    def random_init(self, name: str) -> str:
        """Name of a row's random initialisation; an existing model shares that of a recipe that starts from it."""
        if name in self.existing and not self.existing[name].starts:
            return f"{name}, random initialisation"
        return random_init_name(self.existing[name].starts[0] if name in self.existing else name, self.recipes)

    def show(self, name: str) -> Job:
        """A few examples of an objective's input and targets."""
        toml = recipe_files.dump(self.recipes[name])
        job = Job(
            name=f"show {name}",
            kind="show",
            out=self.out,
            depends={"recipe": tomllib.loads(toml), "corpus": self.corpus.fingerprint},
            inputs=(self.corpus_input,),
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
            inputs=(self.corpus_input, task),
            arguments=(str(self.corpus.folder), task.given, data, dict(task.flags)),
            about={"task": task.name},
        )
