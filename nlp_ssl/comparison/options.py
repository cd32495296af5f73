"""The command line of `nlp-ssl compare`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from nlp_ssl import declarations
from nlp_ssl import recipe as recipes
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.finetune import Protocol
from nlp_ssl.options import HIDDEN
from nlp_ssl.options import parse as parse_options
from nlp_ssl.recipe import Recipe

NOTES = """\
The shipped recipes and tasks are listed by nlp-ssl pretrain --help and nlp-ssl finetune --help."""


@dataclass(frozen=True, kw_only=True)
class Compare(Recipe, Protocol):
    """Compare objectives on a corpus.

    Pretraining flags apply to every recipe. Defaults shown are those of the first. Options of one objective belong in a
    recipe file.
    """

    recipes: tyro.conf.Positional[tuple[str, ...]]
    """Names of shipped recipes, or TOML files."""
    corpus: Path
    """Folder of a prepared corpus."""
    task: tyro.conf.UseAppendAction[tuple[str, ...]]
    """Name of a declared task, path of your own declaration (.toml), or a new name together with the column flags.
    Repeat the flag for several tasks."""
    data: Path | None = None
    """Folder with one folder for each task, of its name, with train and dev files. Defaults to the hub."""
    text_column: str | None = None
    """Column with the text, for tasks without a declaration."""
    pair_column: str | None = None
    """Column with the second text of pairs, for tasks without a declaration."""
    label_column: str | None = None
    """Column with the label or labels, for tasks without a declaration."""
    kind: str | None = None
    """Kind of tasks without a declaration: classification, multilabel, regression or token_classification."""
    positive: str | None = None
    """Label that the metric f1 is about. Defaults to the rarer label of train."""
    metric: tuple[str, ...] = ()
    """Metrics of tasks without a declaration; the first selects hyperparameters. Defaults to those of the kind."""
    minimal_pairs: tuple[Path, ...] = ()
    """Files or folders of minimal pairs in BLiMP's format, for objectives that give likelihoods."""
    word_pairs: tuple[Path, ...] = ()
    """Files of word pairs with human similarity ratings, such as WordSim-353, for word vectors."""
    out: Path
    """Folder of the comparison."""
    max_length: int = 128
    """Maximum number of tokens of a labelled example; models with fewer positions read fewer."""
    seeds: int = 3
    """Pretraining runs of each objective, with seeds 1, 2, …; also the number of random initialisations."""
    finetune_seeds: int = 3
    """Networks fine-tuned from each pretraining run, and from each random initialisation, on each task."""
    train_examples: tuple[int | Literal["all"], ...] = ("all",)
    """Training set sizes. 100 1000 all shows how few labels suffice."""
    tune: bool = False
    """Choose each objective's learning rate from 0.3, 1 and 3 times the recipe's, by validation loss. Each pilot run
    uses a tenth of the budget and seed 1."""
    jobs: int = 1
    """Jobs that run at the same time; with several GPUs, one each."""
    dry_run: bool = False
    """Only print all jobs, which of them are done, and the estimated cost of the others."""

    objective: Annotated[Any, *HIDDEN] = None
    seed: Annotated[int, *HIDDEN] = 0


def parse(arguments: list[str]) -> tuple[Compare, dict[str, Recipe]]:
    """The options, and each recipe by name with the flags applied. Raises InputError for unusable recipes."""
    first = arguments[0] if arguments and not arguments[0].startswith("-") else None
    options = _parsed(arguments, recipes.load(first or "mlm"))
    chosen: dict[str, Recipe] = {}
    problems: list[str] = []
    shared = [field.name for field in fields(Recipe) if field.name not in ("objective", "seed")]
    problems += [f"{word} is named twice: remove one" for word, count in Counter(options.recipes).items() if count > 1]
    for word in dict.fromkeys(options.recipes):
        try:
            recipe = recipes.load(word)
        except InputError as error:
            problems += error.problems
            continue
        flags = _parsed(arguments, recipe)
        name = _name(word)
        if name in chosen:
            problems.append(f"two recipes are called {name!r}: rename one of the files")
        chosen[name] = replace(recipe, **{key: getattr(flags, key) for key in shared})
    budgets = {name: recipe.budget for name, recipe in chosen.items()}
    if len(set(budgets.values())) > 1:
        each = ", ".join(f"{name} {budget}" for name, budget in budgets.items())
        problems.append(f"the recipes have different budgets ({each}): give all of them one with --budget")
    if not options.recipes:
        known = ", ".join(declarations.names("objectives"))
        problems.append(f"no recipes: name one or more, which are {known} or TOML files")
    if problems:
        raise InputError(*problems)
    return options, chosen


def _parsed(arguments: list[str], recipe: Recipe) -> Compare:
    """The options with one recipe's values as defaults."""
    values = {field.name: getattr(recipe, field.name) for field in fields(Recipe)}
    default = Compare(**values, recipes=(), corpus=tyro.MISSING, task=tyro.MISSING, out=tyro.MISSING)
    return parse_options(Compare, "compare", arguments, default, lambda: NOTES)


def _name(word: str) -> str:
    """Name of an objective in the comparison: of the recipe, its file, or the run's folder."""
    path = Path(word)
    return path.resolve().name if path.is_dir() else path.stem if path.suffix == ".toml" else word
