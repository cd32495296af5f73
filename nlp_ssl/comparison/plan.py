"""The grid of a comparison: which cells there are, what each depends on, and where it lies.

A cell is one piece of work with a result: a pretraining run, the fine-tuning of a run on a task, a baseline. It lies
in `OUT/cells/KIND/NAME-KEY/`, where KEY is a hash of everything that its result depends on: the resolved recipe with
budget and seed, the corpus's fingerprint, the task's declaration and data, the options of fine-tuning, the version of
this package. So what is finished is never run again, and another objective, seed or task costs only itself.

The code is in the key by the package's version alone. A hash of the source (`kinds.source`) is noted in every result,
and a mixture is warned about; as a key it would throw hours of work away for any change anywhere.

    cell.json    what it depends on
    log.txt      what it said
    done.json    its result; there when it is finished
    failed.json  why it failed, until it is tried again
"""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlp_ssl import __version__, registry
from nlp_ssl import recipe as recipes
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.evaluation.finetune import Finetune, Protocol
from nlp_ssl.evaluation.minimal_pairs import MinimalPairs
from nlp_ssl.evaluation.options import TaskOptions
from nlp_ssl.evaluation.probe import Probe
from nlp_ssl.evaluation.result_cache import arguments
from nlp_ssl.recipe import Budget, Recipe
from nlp_ssl.tasks.declaration import Task
from nlp_ssl.training.run_folder import INCIDENTAL, snapshots

if TYPE_CHECKING:
    from nlp_ssl.tasks.splits import LabelledExamples

LADDER = (0.3, 1.0, 3.0)
"""What a recipe's learning rate is multiplied by when it is tuned."""

MINIMAL_PAIRS = "minimal-pairs"

PILOT = 0.1
"""The share of the budget that each learning rate is tried with."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One piece of work."""

    name: str
    kind: str
    """What is done, a key of `kinds.KINDS`."""
    out: Path
    depends: Mapping[str, Any]
    arguments: tuple[Any, ...]
    """What the work is given; for a command, its words."""
    needs: tuple[Job, ...] = ()
    """Cells that have to be done before."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Files that the work finds in its folder."""
    networks: int = 1
    """How many networks it is to have; a result with fewer of them is gone on with."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """What its scores have in common, in the terms of results.json."""

    @cached_property
    def folder(self) -> Path:
        """Where it lies."""
        stated = json.dumps({"kind": self.kind, "version": __version__, **self.depends}, sort_keys=True)
        key = blake2b(stated.encode(), digest_size=6).hexdigest()
        name = re.sub(r"\W+", "-", self.name.removeprefix(f"{self.kind} ")).strip("-")
        return self.out / "cells" / self.kind / f"{name}-{key}"

    @property
    def facts(self) -> dict[str, Any] | None:
        """Its result, if it is finished."""
        file = self.folder / "done.json"
        if not file.is_file():
            return None
        facts: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return facts if facts["networks"] >= self.networks else None

    @property
    def done(self) -> bool:
        """Whether it is finished."""
        return self.facts is not None

    @property
    def error(self) -> str | None:
        """Why it failed when it was last tried."""
        file = self.folder / "failed.json"
        return json.loads(file.read_text(encoding="utf-8"))["error"] if file.is_file() else None

    @property
    def command(self) -> str:
        """The command line that does the same."""
        return shlex.join(["nlp-ssl", *registry.plugin_flags(), self.kind, *self.arguments[0]])


@dataclass(frozen=True, kw_only=True)
class LabelledTask:
    """A task with its data."""

    task: Task
    named: str
    """What the user called it: a name or a .toml file."""
    data: tuple[Path, ...]
    labels: tuple[str, ...]
    sample: LabelledExamples
    """Some of the training examples."""
    counts: Mapping[str, int]
    """Examples of each split."""
    fingerprints: Mapping[str, str]
    """Of each split's texts and labels."""

    @property
    def key(self) -> dict[str, Any]:
        """What scores on it depend on."""
        return {"declaration": asdict(self.task), "data": dict(self.fingerprints)}


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Pairs that are judged without labels to learn from: a folder or a file of minimal pairs, a file of word pairs."""

    data: Path
    fingerprint: str
    """Of the bytes of its files."""

    @property
    def name(self) -> str:
        """What they are called."""
        return self.data.resolve().name.partition(".")[0]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A comparison: all that its cells follow from."""

    out: Path
    corpus: Corpus
    recipes: Mapping[str, Recipe]
    tasks: Sequence[LabelledTask]
    pairs: Sequence[Pairs]
    """Minimal pairs of sentences."""
    word_pairs: Sequence[Pairs]
    seeds: int
    train_examples: tuple[int | None, ...]
    """Sizes of the training set; None is all of it."""
    finetune_seeds: int
    protocol: Protocol
    max_length: int
    """Tokens of a labelled example."""
    precision: Any
    tune: bool

    def cells(self) -> list[Job]:
        """All cells, in the order in which they are to be done: after the first seed there is a whole table.

        What has been chosen so far (learning rates) is read from finished cells, so this changes as they finish.
        """
        cells = [*map(self.overlap, self.tasks), *map(self.show, self.recipes)]
        for seed in range(1, self.seeds + 1):
            for name in self.recipes:
                run = self.run(name, seed)
                cells += [*(self.pilots(name) if seed == 1 else []), run, *self._scores(name, seed, run)]
        return cells

    def sizes(self, task: LabelledTask) -> list[int | None]:
        """The sizes of the training set that a task has examples for."""
        return [n for n in self.train_examples if n is None or n <= task.counts["train"]]

    # --- pretraining ---

    def run(self, name: str, seed: int) -> Job:
        """A pretraining run, with the learning rate that its pilots chose."""
        recipe = replace(self.recipes[name], seed=seed)
        pilots = self.pilots(name)
        chosen = best(pilots)
        if chosen is not None:
            pilots = []  # needed no more
            optimizer = replace(recipe.optimizer, learning_rate=rate_of(chosen))
            recipe = replace(recipe, optimizer=optimizer)
        about = {"model": name, "role": "objective", "pretraining_seed": seed}
        return self._pretrain(f"pretrain {name} seed {seed}", recipe, about, tuple(pilots))

    def pilots(self, name: str) -> list[Job]:
        """The short runs that the learning rate is chosen by; none unless it is to be tuned."""
        if not self.tune:
            return []
        recipe = self.recipes[name]
        budget = Budget.parse(recipe.budget)
        amount = f"{PILOT * budget.amount:.4f}".rstrip("0").rstrip(".")
        recipe = replace(recipe, seed=1, budget=f"{amount}-{budget.unit}", evaluations=1)
        found = []
        for factor in LADDER:
            rate = float(f"{factor * recipe.optimizer.learning_rate:.6g}")
            tried = replace(recipe, optimizer=replace(recipe.optimizer, learning_rate=rate))
            found.append(
                self._pretrain(f"pretrain {name} pilot {rate:g}", tried, {"model": name, "learning_rate": rate})
            )
        return found

    def _pretrain(self, name: str, recipe: Recipe, about: Mapping[str, Any], needs: tuple[Job, ...] = ()) -> Job:
        toml = recipes.dump(recipe)
        table = tomllib.loads(toml)
        for key in INCIDENTAL:
            *where, last = key.split(".")
            (table[where[0]] if where else table).pop(last, None)
        cell = Job(
            name=name,
            kind="pretrain",
            out=self.out,
            depends={"recipe": table, "corpus": self.corpus.fingerprint},
            arguments=(),
            needs=needs,
            files={"recipe.toml": toml},
            about=about,
        )
        words = [str(cell.folder / "recipe.toml"), "--corpus", str(self.corpus.folder)]
        return replace(cell, arguments=([*words, "--out", str(cell.folder / "run"), "--resume"],))

    # --- scores ---

    def _scores(self, name: str, seed: int, run: Job) -> Iterator[Job]:
        """What a run is scored by; another kind of score joins in here."""
        for task in self.tasks:
            for n in self.sizes(task):
                yield self._on_task(Finetune, asdict(self.protocol), name, seed, run, task, n)
                yield self._on_task(Probe, {}, name, seed, run, task, n)
                for snapshot in snapshots(self.recipes[name].snapshots):
                    yield self._on_task(Probe, {"baselines": False}, name, seed, run, task, n, snapshot)

        mine = self.recipes[name].mixture
        for pairs in self.word_pairs if mine.body == "static" else ():
            yield self._on_words(name, seed, run, pairs)

        for pairs in self.pairs if mine.gives_likelihood else ():
            yield self._on_pairs(name, seed, run, pairs)

        for other, asked in self.recipes.items():
            if other != name and mine.losses != asked.mixture.losses and mine.answers(asked.mixture, self.vocabulary):
                yield self._on_task_of(other, name, seed, run)

    def _on_task_of(self, other: str, name: str, seed: int, run: Job) -> Job:
        """The cell of a run's held-out figures on the task of another recipe."""
        recipe = self.recipes[other]
        toml = recipes.dump(recipe)
        cell = Job(
            name=f"evaluate {name} seed {seed} on the task of {other}",
            kind="evaluate",
            out=self.out,
            depends={"run": run.folder.name, "on": tomllib.loads(toml)["objective"], "mixing": recipe.mixing},
            arguments=(),
            needs=(run,),
            files={"on.toml": toml},
            about={**run.about, "on": other},
        )
        words = [str(run.folder / "run"), "--corpus", str(self.corpus.folder), "--on", str(cell.folder / "on.toml")]
        return replace(cell, arguments=(words,))

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The corpus's."""
        return Vocabulary.of(self.corpus)

    def _on_pairs(self, name: str, seed: int, run: Job, pairs: Pairs) -> Job:
        """The cell of a run's likelihoods of minimal pairs, without any training."""
        cell = Job(
            name=f"{MINIMAL_PAIRS} {name} seed {seed} on {pairs.name}",
            kind=MINIMAL_PAIRS,
            out=self.out,
            depends={"run": run.folder.name, "pairs": pairs.fingerprint, "precision": self.precision},
            arguments=(),
            needs=(run,),
            about={**run.about, "task": pairs.name, "train_examples": None},
        )
        out = cell.folder / "scores"
        options = MinimalPairs(run=run.folder / "run", data=(pairs.data,), out=out, precision=self.precision)
        return replace(cell, arguments=(arguments(options),))

    def _on_words(self, name: str, seed: int, run: Job, pairs: Pairs) -> Job:
        """The cell of how word vectors agree with people's judgement of word pairs."""
        words = [str(run.folder / "run"), "--pairs", str(pairs.data)]
        return Job(
            name=f"similarity {name} seed {seed} on {pairs.name}",
            kind="similarity",
            out=self.out,
            depends={"run": run.folder.name, "pairs": pairs.fingerprint, "baseline_seed": seed},
            arguments=(words, self.finetune_seeds, seed),
            needs=(run,),
            networks=self.finetune_seeds,
            about={**run.about, "task": pairs.name, "train_examples": None},
        )

    def _on_task(
        self,
        kind: type[TaskOptions],
        options: Mapping[str, Any],
        name: str,
        seed: int,
        run: Job,
        task: LabelledTask,
        n: int | None,
        snapshot: str | None = None,
    ) -> Job:
        """The cell of a command that scores a run on a task, beside baselines that it shares with the others.

        With a `snapshot` it scores the model that the run kept under this name.
        """
        settings = {**options, "train_examples": n, "max_length": self.max_length, "precision": self.precision}
        if snapshot is None:
            settings["baseline_seed"] = seed
        when, about = (f", {snapshot}", {"snapshot": snapshot}) if snapshot else ("", {})
        cell = Job(
            name=f"{kind.command} {name} seed {seed}{when} on {task.task.name}, {'all' if n is None else n} examples",
            kind=kind.command,
            out=self.out,
            depends={"run": run.folder.name, "task": task.key, **settings, **about},
            arguments=(),
            needs=(run,),
            networks=1 if snapshot else self.finetune_seeds,  # a snapshot has no baselines, and one score
            about={
                **run.about,
                "task": task.task.name,
                "train_examples": n,
                "untrained": self.untrained(name),
                **about,
            },
        )
        made = run.folder / "run"
        scoring = kind(
            run=made / "snapshots" / snapshot if snapshot else made,
            task=task.named,
            data=task.data,
            out=cell.folder / "scores",
            seeds=self.finetune_seeds,
            share_baselines=self.out / "baselines",
            **settings,
        )
        return replace(cell, arguments=(arguments(scoring),))

    def untrained(self, name: str) -> str:
        """What the untrained network of an objective is called: by its body, or the first objective that has it."""

        def network(other: str) -> tuple[Any, ...]:
            recipe = self.recipes[other]
            return recipe.mixture.body, replace(recipe.model, dropout=0.0), recipe.batch.max_length

        body = self.recipes[name].mixture.body
        same_body = [other for other, recipe in self.recipes.items() if recipe.mixture.body == body]
        first = next(other for other in same_body if network(other) == network(name))
        alone = all(network(other) == network(name) for other in same_body)
        return f"{body if alone else first}, untrained"

    def show(self, name: str) -> Job:
        """What an objective sees of a few examples, and has to predict."""
        toml = recipes.dump(self.recipes[name])
        cell = Job(
            name=f"show {name}",
            kind="show",
            out=self.out,
            depends={"recipe": tomllib.loads(toml), "corpus": self.corpus.fingerprint},
            arguments=(),
            files={"recipe.toml": toml},
            about={"model": name},
        )
        return replace(cell, arguments=([str(cell.folder / "recipe.toml"), "--corpus", str(self.corpus.folder)],))

    def overlap(self, task: LabelledTask) -> Job:
        """How much of a task's texts is in the corpus."""
        return Job(
            name=f"overlap with {task.task.name}",
            kind="overlap",
            out=self.out,
            depends={"corpus": self.corpus.fingerprint, "task": task.key},
            arguments=(str(self.corpus.folder), task.named, [str(path) for path in task.data]),
            about={"task": task.task.name},
        )


def rate_of(pilot: Job) -> float:
    """The learning rate that a pilot tries."""
    rate: float = pilot.about["learning_rate"]
    return rate


def best(pilots: Sequence[Job]) -> Job | None:
    """The pilot of the lowest held-out loss, when each has finished or failed."""
    losses = {i: facts["validation"]["loss"] for i, pilot in enumerate(pilots) if (facts := pilot.facts) is not None}
    if not losses or any(not pilot.done and pilot.error is None for pilot in pilots):
        return None
    return pilots[min(losses, key=lambda i: losses[i])]
