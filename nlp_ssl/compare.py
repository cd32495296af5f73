"""`nlp-ssl compare`: objectives side by side, on one corpus, with one budget, over seeds and labelled tasks.

Every run, fine-tuning and baseline is a cell (`grid`) with a folder and a process of its own (`running`). The same
command goes on after an interruption and tries again what failed; with another objective, seed, task or number of
examples it does what is new. At the end it writes `OUT/results.json` and the report, and prints a short table.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from nlp_ssl import declarations, registry
from nlp_ssl import recipe as recipes
from nlp_ssl.atomic_io import write_text
from nlp_ssl.comparison.plan import MINIMAL_PAIRS, LabelledTask, Pairs, Plan
from nlp_ssl.console import say, warn
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.disk_errors import disk_errors
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.finetune import Finetune, Protocol
from nlp_ssl.evaluation.minimal_pairs import read_minimal_pairs
from nlp_ssl.evaluation.similarity import read_pairs
from nlp_ssl.output_folder import contents, exclusive
from nlp_ssl.recipe import Recipe
from nlp_ssl.tasks.declaration import load_task

FORMAT = 1
SAMPLE = 300
"""Examples of a task whose length is looked at."""

_Hidden = (tyro.conf.Fixed, tyro.conf.Suppress)


@dataclass(frozen=True, kw_only=True)
class Compare(Recipe, Protocol):
    """Compare objectives on a corpus. Flags of pretraining go on top of every recipe; they show the first one's."""

    recipes: tyro.conf.Positional[tuple[str, ...]]
    """Recipes: shipped names, TOML files."""
    corpus: Path
    """The folder of a prepared corpus."""
    task: tyro.conf.UseAppendAction[tuple[str, ...]]
    """Name of a declared task, or a declaration of one's own (a .toml file); once for each task."""
    data: Path | None = None
    """Folder with one folder a task, of the task's name, with train and dev; without, tasks are loaded from the hub."""
    minimal_pairs: tuple[Path, ...] = ()
    """Folders or files of pairs of sentences, as BLiMP has them, for the objectives that say how likely a text is."""
    word_pairs: tuple[Path, ...] = ()
    """Files of word pairs with people's judgement of their likeness, as WordSim-353 has them, for word vectors."""
    out: Path
    """The folder of the comparison."""
    max_length: int = 128
    """Tokens that are read of a labelled example, up to what the model has positions for."""
    seeds: int = 3
    """Pretraining runs of each objective, with the seeds 1, 2, …; and as many samples of what is not pretrained."""
    finetune_seeds: int = 3
    """Networks that are fine-tuned from each run on each task, and from each sample of the same network untrained."""
    train_examples: tuple[int | Literal["all"], ...] = ("all",)
    """Sizes of the training set: 100 1000 all shows how far few labels go."""
    tune: bool = False
    """Choose each objective's learning rate out of 0.3, 1 and 3 times the recipe's, by the held-out loss of short runs
    (a tenth of the budget each, with seed 1)."""
    jobs: int = 1
    """Cells that are worked on side by side; with several GPUs, one each."""
    dry_run: bool = False
    """Only print the cells, which of them are done, and what the others will cost."""

    objective: Annotated[Any, *_Hidden] = None
    seed: Annotated[int, *_Hidden] = 0


def main(arguments: Sequence[str]) -> int:
    """The command; returns the exit status: 0 done, 1 if cells failed."""
    options, chosen = parse(list(arguments))
    grid = make_plan(options, chosen)
    claim(options, grid)
    if options.dry_run:
        from nlp_ssl.comparison.cost import expectation

        print(expectation(grid, options.jobs), flush=True)
        return 0
    from nlp_ssl.comparison import executor as running

    with disk_errors(options.out, "run the command again; finished jobs are kept"), exclusive(options.out):
        write_text(options.out / "comparison.json", json.dumps(_identity(grid), indent=1) + "\n")
        cells = grid.cells()
        todo = sum(not cell.done for cell in cells)
        say(f"{len(cells)} cells, {len(cells) - todo} of them done; their logs are in {options.out / 'cells'}")
        running.run_all(grid.cells, options.jobs)
        return conclude(options, grid, shlex.join(["nlp-ssl", *registry.plugin_flags(), "compare", *arguments]))


def parse(arguments: list[str]) -> tuple[Compare, dict[str, Recipe]]:
    """The options, and each recipe by its name with the flags on top. InputError for recipes that cannot be."""
    first = arguments[0] if arguments and not arguments[0].startswith("-") else None
    options = _parsed(arguments, recipes.load(first or "mlm"))
    chosen: dict[str, Recipe] = {}
    problems: list[str] = []
    shared = [field.name for field in fields(Recipe) if field.name not in ("objective", "seed")]
    for word in options.recipes:
        try:
            recipe = recipes.load(word)
        except InputError as error:
            problems += error.problems
            continue
        flags = _parsed(arguments, recipe)
        name = _name(word)
        if name in chosen:
            problems.append(f"two recipes are called {name!r}: rename the file of one")
        chosen[name] = replace(recipe, **{key: getattr(flags, key) for key in shared})
    budgets = {name: recipe.budget for name, recipe in chosen.items()}
    if len(set(budgets.values())) > 1:
        each = ", ".join(f"{name} {budget}" for name, budget in budgets.items())
        problems.append(f"the recipes have different budgets ({each}): --budget gives all of them one")
    if not options.recipes:
        known = ", ".join(declarations.names("objectives"))
        problems.append(f"which recipes? nlp-ssl compare RECIPE RECIPE …, RECIPE being {known} or a TOML file")
    if problems:
        raise InputError(*problems)
    return options, chosen


def _parsed(arguments: list[str], recipe: Recipe) -> Compare:
    """The options where the values of one recipe are the defaults."""
    values = {field.name: getattr(recipe, field.name) for field in fields(Recipe)}
    default = Compare(**values, recipes=(), corpus=tyro.MISSING, task=tyro.MISSING, out=tyro.MISSING)
    flags = (tyro.conf.FlagCreatePairsOff,)
    return tyro.cli(Compare, prog="nlp-ssl compare", args=arguments, default=default, config=flags)


def _name(word: str) -> str:
    """What an objective is called in the comparison: the recipe's name, that of its file, or of the run's folder."""
    path = Path(word)
    return path.resolve().name if path.is_dir() else path.stem if path.suffix == ".toml" else word


def make_plan(options: Compare, chosen: Mapping[str, Recipe]) -> Plan:
    """The grid. InputError, with all that is wrong, for a corpus, tasks or options that cannot be."""
    problems = [f"--{name} {n}: at least 1" for name, n in (("seeds", options.seeds), ("jobs", options.jobs)) if n < 1]
    sizes = tuple(None if n == "all" else n for n in options.train_examples)
    protocol = Protocol(**{field.name: getattr(options, field.name) for field in fields(Protocol)})
    corpus: Any = None
    tasks: list[LabelledTask] = []
    try:
        corpus = Corpus.open(options.corpus)
    except InputError as error:
        problems += error.problems
    if options.tune and corpus is not None:
        from nlp_ssl.training.pretrain import usable_examples

        vocabulary = Vocabulary.of(corpus)
        for recipe in chosen.values():
            try:
                usable_examples(corpus, vocabulary, "validation", recipe)
            except InputError as error:
                problems += [
                    f"--tune, which goes by the loss on held-out text: {problem}" for problem in error.problems
                ]
    for n in sizes:
        each = Finetune(
            run=options.out,
            task="",
            out=options.out,
            seeds=options.finetune_seeds,
            train_examples=n,
            max_length=options.max_length,
            **vars(protocol),
        )
        problems += [problem for holds, problem in each.rules() if not holds and problem not in problems]
    for named in dict.fromkeys(options.task):
        try:
            tasks.append(_load(named, options.data))
        except InputError as error:
            problems += error.problems
    for path in options.minimal_pairs:
        try:
            read_minimal_pairs([path])
        except InputError as error:
            problems += [f"--minimal-pairs {problem}" for problem in error.problems]
    for path in options.word_pairs:
        try:
            read_pairs(path)
        except InputError as error:
            problems += [f"--word-pairs {problem}" for problem in error.problems]
    pairs = [Pairs(data=p, fingerprint=_fingerprint(p)) for p in options.minimal_pairs if p.exists()]
    word_pairs = [Pairs(data=p, fingerprint=_fingerprint(p)) for p in options.word_pairs if p.is_file()]
    names = [task.task.name for task in tasks] + [each.name for each in (*pairs, *word_pairs)]
    problems += [f"two tasks are called {name!r}" for name in dict.fromkeys(names) if names.count(name) > 1]
    if problems:
        raise InputError(*problems)
    grid = Plan(
        out=options.out,
        corpus=corpus,
        recipes=chosen,
        tasks=tasks,
        pairs=pairs,
        word_pairs=word_pairs,
        seeds=options.seeds,
        train_examples=tuple(dict.fromkeys(sizes)),
        finetune_seeds=options.finetune_seeds,
        protocol=protocol,
        max_length=options.max_length,
        precision=options.precision,
        tune=options.tune,
    )
    for task in tasks:
        n = task.counts["train"]
        left_out = [f"{size:,}" for size in sizes if size is not None and size > n]
        if not grid.sizes(task):
            raise InputError(f"--train-examples {' '.join(left_out)}: {task.task.name} has {n:,} training examples")
        if left_out:
            say(f"{task.task.name} has {n:,} training examples: {', '.join(left_out)} are left out")
    kinds = {cell.kind for cell in grid.cells()}
    if pairs and MINIMAL_PAIRS not in kinds:
        say("--minimal-pairs is left out: none of these objectives says how likely a text is (mlm and clm do)")
    if word_pairs and "similarity" not in kinds:
        say("--word-pairs is left out: none of these objectives is of word vectors (cbow and skip_gram are)")
    return grid


def _load(named: str, data: Path | None) -> LabelledTask:
    """A task with its data."""
    import numpy as np

    from nlp_ssl.tasks.splits import load_splits

    task = load_task(named)
    folder = None if data is None or task.module else data / task.name
    if folder is not None and not folder.is_dir():
        raise InputError(f"task {task.name!r}: no folder {folder}: --data is a folder with one folder a task")
    paths = () if folder is None else (folder,)
    labels, splits = load_splits(task, paths)
    train = splits["train"]
    return LabelledTask(
        task=task,
        named=named,
        data=paths,
        labels=labels,
        counts={split: len(examples) for split, examples in splits.items()},
        sample=train.take(np.linspace(0, len(train) - 1, SAMPLE).astype(np.int64)),
        fingerprints={split: examples.fingerprint() for split, examples in splits.items()},
    )


def _fingerprint(path: Path) -> str:
    """A hash of the bytes of a file, or of a folder's files."""
    digest = blake2b(digest_size=8)
    for file in [path] if path.is_file() else sorted(file for file in path.iterdir() if file.is_file()):
        digest.update(file.name.encode() + b"\0" + file_digest(file.open("rb"), "blake2b").digest())
    return digest.hexdigest()


def _identity(grid: Plan) -> dict[str, Any]:
    """What one folder can hold one of; everything else is in the keys of its cells."""
    recipe = next(iter(grid.recipes.values()))
    return {"format": FORMAT, "corpus": grid.corpus.fingerprint, "budget": recipe.budget}


def claim(options: Compare, grid: Plan) -> None:
    """Make sure that OUT is this comparison's to write to. InputError where it is not; writes nothing."""
    out = options.out
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file: choose another --out")
    stored = out / "comparison.json"
    if stored.is_file():
        theirs, mine = json.loads(stored.read_text(encoding="utf-8")), _identity(grid)
        changed = [key for key in mine if theirs.get(key) != mine[key]]
        if changed:
            said = [f"{key} ({theirs.get(key)}, now {mine[key]})" for key in changed]
            raise InputError(
                f"{out} holds a comparison with another {' and another '.join(said)}: choose another --out"
            )
    elif any(entry.name != "lock" for entry in contents(out)):  # a lock of an earlier version
        raise InputError(f"{out} holds something that is not a comparison: choose another --out")


def conclude(options: Compare, grid: Plan, command: str) -> int:
    """Write results.json and the report, print the table, and say what failed; returns the exit status."""
    from nlp_ssl.comparison.analysis import boards
    from nlp_ssl.comparison.results import results, summary
    from nlp_ssl.report.report import write_report

    found = results(grid, command)
    write_text(options.out / "results.json", json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    if found["scores"]:
        print(f"{summary(found, boards(found, options.out))}\n\n{write_report(options.out)}", flush=True)
    if ", " in found["versions"]["source"]:
        warn(
            "these cells were made by different states of the code, of one version: for cells of one, use another --out"
        )
    cells = grid.cells()
    left_out = sum(not cell.done and cell.error is None for cell in cells)
    for failure in found["failures"]:
        warn(f"{failure['cell']} failed: {failure['error'].splitlines()[-1]}")
    if left_out:
        warn(f"{left_out} cells were left out, as they need what failed")
    say(f"\nresults: {options.out / 'results.json'}")
    if found["scores"]:
        say(f"report: {options.out / 'report.html'}")
    return 1 if found["failures"] or left_out else 0
