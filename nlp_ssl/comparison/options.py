"""The command line of `nlp-ssl compare`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from nlp_ssl import declarations, recipe_files
from nlp_ssl.comparison.existing import names_model
from nlp_ssl.comparison.plan import Method
from nlp_ssl.comparison.sweeps import Sweep, grid, read_sweeps
from nlp_ssl.console import say
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.errors import FieldError, InputError
from nlp_ssl.evaluation.few_shot import FewShot
from nlp_ssl.evaluation.finetune import Protocol
from nlp_ssl.evaluation.options import ClassWeights
from nlp_ssl.options import HIDDEN
from nlp_ssl.options import parse as parse_options
from nlp_ssl.recipe import Budget, Recipe
from nlp_ssl.tasks.flags import TaskFlags

NOTES = """\
The shipped recipes and tasks are listed by nlp-ssl pretrain --help and nlp-ssl finetune --help.
Flags such as --text-column describe tasks without a declaration."""


@dataclass(frozen=True, kw_only=True)
class Compare(TaskFlags, Recipe, Protocol):
    """Compare objectives on a corpus.

    Pretraining flags apply to every recipe. Defaults shown are those of the first. Options of one objective belong in a
    recipe file.
    """

    recipes: tyro.conf.Positional[tuple[str, ...]]
    """Names of shipped recipes, TOML files, and existing models, which are scored as they are: folders of runs or of
    models in Hugging Face format, or names on the hub such as OWNER/NAME. Models that recipes start from are scored,
    too."""
    corpus: Path
    """Folder of a prepared corpus."""
    task: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """Name of a declared task, path of your own declaration (.toml), a new name together with the column flags, or a
    task made from the corpus. Repeat the flag for several tasks. corpus, the default, stands for all tasks that are
    made from the corpus and need no labels: bigram_shift, half_order, odd_word, next_sentence, damaged_sentences,
    next_sentence_retrieval."""
    methods: tuple[Method, ...] = ()
    """How models are scored on labelled tasks. Defaults to finetune and probe, and to probe on tasks made from the
    corpus, where fine-tuning costs much beside a short pretraining. few-shot scores prompts, for objectives that give
    likelihoods and tasks with one named label for each text."""
    shots: tuple[int, ...] = FewShot.shots
    """Numbers of labelled examples in a prompt of few-shot, which are drawn --finetune-seeds times."""
    data: Path | None = None
    """Folder with one folder for each task, of its name or the declared one, with train and dev files; or a single file
    for a single task, which is divided into train and dev. Defaults to the hub."""
    minimal_pairs: tuple[Path, ...] = ()
    """Files or folders of minimal pairs in BLiMP's format, for objectives that give likelihoods."""
    word_pairs: tuple[Path, ...] = ()
    """Files of word pairs with human similarity ratings, such as WordSim-353, for word vectors."""
    out: Path
    """Folder of the comparison."""
    max_length: int = 128
    """Maximum number of tokens of a labelled example; models with fewer positions read fewer."""
    seeds: tuple[int, ...] = (5,)
    """Pretraining runs of each objective, with seeds 1, 2, …; also the number of random initialisations. With several
    numbers, such as 3 5 10, results are analysed after each, and the comparison ends at the first one where every
    difference is significant or known to within --difference. Intervals and p values account for the looks."""
    first_seed: int = 1
    """Number of the first seed. With another one, the comparison is repeated with other networks."""
    difference: float = 2.0
    """Smallest difference of interest, in points. With several --seeds, a difference whose 95 % interval is at most
    this far from its middle needs no further seeds."""
    finetune_seeds: int = 3
    """Networks fine-tuned from each pretraining run, and from each random initialisation, on each task."""
    train_examples: tuple[int | Literal["all"], ...] = ("all",)
    """Training set sizes. 100 1000 all shows how few labels suffice."""
    class_weights: ClassWeights = "equal"
    """Weights of the classes in training. balanced gives rare classes as much weight as frequent ones."""
    tune: bool = False
    """Choose each objective's learning rate from 0.3, 1 and 3 times the recipe's, by validation loss. Each pilot run
    uses a tenth of the budget and seed 1."""
    sweep: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """Compare values of any field of the recipes, each in a row of its own: optimizer.learning_rate=1e-3,2e-3. Repeat
    the flag for all combinations."""
    jobs: int = 1
    """Jobs that run at the same time; with several GPUs, one each."""
    dry_run: bool = False
    """Only print all jobs, which of them are done, the estimated cost of the others, and the smallest differences that
    the comparison will find."""
    spread_from: Path | None = None
    """Folder of an earlier comparison, from whose scores --dry-run takes the spread between seeds and examples.
    Defaults to --out."""

    objective: Annotated[Any, *HIDDEN] = None
    seed: Annotated[int, *HIDDEN] = 0


def parse(arguments: list[str]) -> tuple[Compare, dict[str, Recipe]]:
    """The options, and each recipe by name with the flags applied. Raises InputError for unusable recipes."""
    positional = takewhile(lambda word: not word.startswith("-"), arguments)
    first = next((word for word in positional if not names_model(word)), "mlm")
    options = _parsed(arguments, recipe_files.load(first))
    chosen: dict[str, Recipe] = {}
    problems: list[str] = []
    names: set[str] = set()
    sweeps = read_sweeps(options.sweep)
    problems += _sweep_problems(sweeps, options, arguments)
    shared = [field.name for field in fields(Recipe) if field.name not in ("objective", "seed")]
    problems += [f"{word} is named twice: remove one" for word, count in Counter(options.recipes).items() if count > 1]
    for word in dict.fromkeys(word for word in options.recipes if not names_model(word)):
        try:
            recipe = recipe_files.load(word)
        except InputError as error:
            problems += error.problems
            continue
        flags = _parsed(arguments, recipe)
        name = _name(word)
        if name in names:
            problems.append(f"two recipes are called {name!r}: rename one of the files")
        names.add(name)
        try:
            chosen |= grid(name, replace(recipe, **{key: getattr(flags, key) for key in shared}), sweeps)
        except InputError as error:
            problems += error.problems
    budgets = {name: recipe.budget for name, recipe in chosen.items()}
    if len(set(budgets.values())) > 1:
        each = ", ".join(f"{name} {budget}" for name, budget in budgets.items())
        problems.append(f"the recipes have different budgets ({each}): give all of them one with --budget")
    if all(map(names_model, options.recipes)):
        known = ", ".join(declarations.names("objectives"))
        problems.append(f"no recipes: name one or more, which are {known} or TOML files")
    if problems:
        raise InputError(*problems)
    return options, chosen


def _sweep_problems(sweeps: Sequence[Sweep], options: Compare, arguments: Sequence[str]) -> list[str]:
    """Sweeps over fields whose value is given or chosen otherwise."""
    flags = {word.partition("=")[0].replace("-", "_").lstrip("_") for word in arguments if word.startswith("--")}
    problems = [
        f"--sweep {sweep.field} and --{sweep.field.replace('_', '-')} exclude each other: leave one out"
        for sweep in sweeps
        if sweep.field in flags
    ]
    if options.tune and any(sweep.field == "optimizer.learning_rate" for sweep in sweeps):
        problems.append("--tune chooses the learning rate: leave it out, or sweep another field")
    return problems


def in_tokens(chosen: Mapping[str, Recipe], corpus: Corpus) -> dict[str, Recipe]:
    """The recipes with a budget in epochs replaced by one in tokens, the same for all: passes over the training text.

    An epoch of one objective may have less text than that of another. InputError if the tokens are too many.
    """
    budget = Budget.parse(next(iter(chosen.values())).budget)
    if budget.unit != "epochs":
        return dict(chosen)
    tokens = round(budget.amount * corpus.counts["train"].tokens)
    try:
        found = {name: replace(recipe, budget=f"{tokens}-tokens") for name, recipe in chosen.items()}
    except FieldError as error:
        raise InputError(f"--budget is {budget.amount:g}-epochs, {tokens} tokens: {error.rule}") from None
    say(f"budget: {budget.amount:g} epochs of {corpus.folder} are {tokens:,} tokens")
    return found


def _parsed(arguments: list[str], recipe: Recipe) -> Compare:
    """The options with one recipe's values as defaults."""
    values = {field.name: getattr(recipe, field.name) for field in fields(Recipe)}
    default = Compare(**values, recipes=(), corpus=tyro.MISSING, out=tyro.MISSING)
    return parse_options(Compare, "compare", arguments, default, lambda: NOTES)


def _name(word: str) -> str:
    """Name of an objective in the comparison: of the recipe, its file, or the folder of the run whose recipe it is."""
    path = Path(word)
    if path.name == "recipe.toml" and recipe_files.is_run(path.parent):
        return path.resolve().parent.name
    return path.stem if path.suffix == ".toml" else word
