"""The grid of a comparison: which cells there are, what each depends on, and where it lies.

A cell is one piece of work with a result: a pretraining run, the fine-tuning of a run on a task, a baseline. It lies
in `OUT/cells/KIND/NAME-KEY/`, where KEY is a hash of everything that its result depends on: the resolved recipe with
budget and seed, the corpus's fingerprint, the task's declaration and data, the options of fine-tuning, the version of
this package. So what is finished is never run again, and another objective, seed or task costs only itself.

The code is in the key by the package's version alone. A hash of the source (`work.source`) is noted in every result,
and a mixture is warned about; as a key it would throw hours of work away for any change anywhere.

    cell.json    what it depends on, and which other cells it was begun with
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

from nlp_ssl import __version__
from nlp_ssl import recipe as recipes
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.downstream.finetune import Finetune, Model, Protocol, command
from nlp_ssl.downstream.tasks import Task
from nlp_ssl.recipe import Budget, Recipe
from nlp_ssl.training.run import INCIDENTAL

if TYPE_CHECKING:
    from nlp_ssl.downstream.splits import Examples

LADDER = (0.3, 1.0, 3.0)
"""What a recipe's learning rate is multiplied by when it is tuned."""

PILOT = 0.1
"""The share of the budget that each learning rate is tried with."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One piece of work."""

    name: str
    kind: str
    """What is done, a key of `work.KINDS`."""
    out: Path
    depends: Mapping[str, Any]
    arguments: tuple[Any, ...]
    """What the work is given; for a command, its words."""
    needs: tuple[Cell, ...] = ()
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
        return shlex.join(["nlp-ssl", self.kind, *self.arguments[0]])


@dataclass(frozen=True, kw_only=True)
class LabelledTask:
    """A task with its data."""

    task: Task
    named: str
    """What the user called it: a name or a .toml file."""
    data: tuple[Path, ...]
    labels: tuple[str, ...]
    sample: Examples
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
class Grid:
    """A comparison: all that its cells follow from."""

    out: Path
    corpus: Corpus
    recipes: Mapping[str, Recipe]
    tasks: Sequence[LabelledTask]
    seeds: int
    train_examples: tuple[int | None, ...]
    """Sizes of the training set; None is all of it."""
    finetune_seeds: int
    protocol: Protocol
    precision: Any
    tune: bool

    def cells(self) -> list[Cell]:
        """All cells, in the order in which they are to be done: after the first seed there is a whole table.

        What has been chosen so far (learning rates) is read from finished cells, so this changes as they finish.
        """
        runs = {(seed, name): self.run(name, seed) for seed in range(1, self.seeds + 1) for name in self.recipes}
        cells = [self.overlap(task) for task in self.tasks]
        for (seed, name), run in runs.items():
            if seed == 1:
                cells += [*self.pilots(name), run, *self._baselines(name, runs)]
            else:
                cells.append(run)
            cells += self._scores(name, seed, run)
        return list({cell.folder: cell for cell in cells}.values())

    def sizes(self, task: LabelledTask) -> list[int | None]:
        """The sizes of the training set that a task has examples for."""
        return [n for n in self.train_examples if n is None or n <= task.counts["train"]]

    # --- pretraining ---

    def run(self, name: str, seed: int) -> Cell:
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

    def pilots(self, name: str) -> list[Cell]:
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

    def _pretrain(self, name: str, recipe: Recipe, about: Mapping[str, Any], needs: tuple[Cell, ...] = ()) -> Cell:
        toml = recipes.dump(recipe)
        table = tomllib.loads(toml)
        for key in INCIDENTAL:
            *where, last = key.split(".")
            (table[where[0]] if where else table).pop(last, None)
        cell = Cell(
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

    def _scores(self, name: str, seed: int, run: Cell) -> Iterator[Cell]:
        """What a run is scored by; another kind of score joins in here."""
        for task in self.tasks:
            for n in self.sizes(task):
                model = {"run": run.folder.name}
                yield self._finetune(f"{name} seed {seed}", model, ("pretrained",), run, dict(run.about), task, n)

    def _baselines(self, name: str, runs: Mapping[tuple[int, str], Cell]) -> Iterator[Cell]:
        """What scores have to be seen beside: once a task, and once a body for the untrained network."""
        untrained = self.untrained(name)
        like = [run for (_, other), run in runs.items() if self.untrained(other) == untrained]
        words, networks = _donor(list(runs.values())), _donor(like)
        for task in self.tasks:
            for n in self.sizes(task):
                yield self._finetune("majority and tfidf", {}, ("majority", "tfidf"), words, {}, task, n)
                about = {"model": untrained}
                yield self._finetune(untrained, self._body(name), ("untrained",), networks, about, task, n)

    def untrained(self, name: str) -> str:
        """What the untrained network of an objective is called: by its body, if one network has that body."""
        body = self.recipes[name].the_objective.body
        same_body = [other for other, recipe in self.recipes.items() if recipe.the_objective.body == body]
        same = next(other for other in same_body if self._body(other) == self._body(name))
        alone = all(self._body(other) == self._body(name) for other in same_body)
        return f"{body}, untrained" if alone else f"{body} of {same}, untrained"

    def _body(self, name: str) -> dict[str, Any]:
        """What an untrained network depends on."""
        recipe = self.recipes[name]
        return {
            "body": recipe.the_objective.body,
            "model": asdict(recipe.model),
            "positions": recipe.batch.max_length,
            "corpus": self.corpus.fingerprint,
        }

    def _finetune(
        self,
        who: str,
        model: Mapping[str, Any],
        models: tuple[Model, ...],
        run: Cell,
        about: Mapping[str, Any],
        task: LabelledTask,
        n: int | None,
    ) -> Cell:
        networks = self.finetune_seeds if "tfidf" not in models else 1
        cell = Cell(
            name=f"finetune {who} on {task.task.name}, {'all' if n is None else n} examples",
            kind="finetune",
            out=self.out,
            depends={
                "model": dict(model),
                "models": list(models),
                "task": task.key,
                "train_examples": n,
                "precision": self.precision,
                **asdict(self.protocol),
            },
            arguments=(),
            needs=(run,),
            networks=networks,
            about={"role": "baseline", "pretraining_seed": None, **about, "task": task.task.name, "train_examples": n},
        )
        options = Finetune(
            run=run.folder / "run",
            task=task.named,
            data=task.data,
            out=cell.folder / "scores",
            seeds=networks,
            train_examples=n,
            precision=self.precision,
            models=models,
            **asdict(self.protocol),
        )
        return replace(cell, arguments=(shlex.split(command(options))[2:],))

    def overlap(self, task: LabelledTask) -> Cell:
        """How much of a task's texts is in the corpus."""
        return Cell(
            name=f"overlap with {task.task.name}",
            kind="overlap",
            out=self.out,
            depends={"corpus": self.corpus.fingerprint, "task": task.key},
            arguments=(str(self.corpus.folder), task.named, [str(path) for path in task.data]),
            about={"task": task.task.name},
        )


def _donor(runs: Sequence[Cell]) -> Cell:
    """The run from which a baseline takes tokenizer and architecture: one that is done, or else may yet be."""
    possible = [run for run in runs if run.done] or [run for run in runs if run.error is None] or list(runs)
    return possible[0]


def rate_of(pilot: Cell) -> float:
    """The learning rate that a pilot tries."""
    rate: float = pilot.about["learning_rate"]
    return rate


def best(pilots: Sequence[Cell]) -> Cell | None:
    """The pilot of the lowest held-out loss, when each has finished or failed."""
    losses = {i: facts["held_out"]["loss"] for i, pilot in enumerate(pilots) if (facts := pilot.facts) is not None}
    if not losses or any(not pilot.done and pilot.error is None for pilot in pilots):
        return None
    return pilots[min(losses, key=lambda i: losses[i])]
