"""`nlp-ssl pretrain RECIPE --corpus C --out RUN`: pretrain a model on a corpus with the objective of a recipe.

`nlp-ssl pretrain --resume RUN` continues a run with its own recipe and corpus.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar, cast

import tyro

from nlp_ssl import declarations, recipe_files
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.disk_errors import disk_errors
from nlp_ssl.errors import InputError
from nlp_ssl.imports import first_torch_import
from nlp_ssl.options import parse as parse_options
from nlp_ssl.recipe import Recipe
from nlp_ssl.sampling.batches import Batches
from nlp_ssl.sampling.examples import ExampleIndex, TokenStream
from nlp_ssl.training import run_folder as run

Options = TypeVar("Options", bound=Recipe)


@dataclass(frozen=True, kw_only=True)
class Pretrain(Recipe):
    """Pretrain a model on a corpus. Defaults are the recipe's values."""

    corpus: Path
    """Folder of a prepared corpus."""
    out: Path
    """Folder for a new run. It must be new or empty."""
    resume: Path | None = None
    """Folder of a run to continue from its newest checkpoint, in place of --out. No other option is needed; those that
    are given must be the run's own. If no run has begun there, RECIPE and --corpus begin it."""


def main(arguments: Sequence[str]) -> int:
    """Run the command. RECIPE is a shipped name, a TOML file, or the folder of another run."""
    return pretrain(read_options(list(arguments)))


def read_options(arguments: list[str]) -> Pretrain:
    """The options; with --resume, what is not given is the run's own. Raises InputError for unusable ones."""
    run_folder = _resumed(arguments)
    if run_folder is None:
        return parse("pretrain", Pretrain, arguments)
    if any(word.partition("=")[0] == "--out" for word in arguments):
        raise InputError(f"pretrain: --resume {run_folder} writes to that folder: leave out --out")
    named = not arguments[0].startswith("-")
    if not (run.has_begun(run_folder) and recipe_files.is_run(run_folder)):
        if not named:
            raise InputError(
                f"pretrain: {run_folder} holds no run: begin one with nlp-ssl pretrain RECIPE --corpus … "
                f"--out {run_folder}"
            )
        return parse("pretrain", Pretrain, arguments, {"out": run_folder})
    own = {"out": run_folder, "corpus": run.corpus_of(run_folder)}
    options = parse("pretrain", Pretrain, arguments if named else [str(run_folder), *arguments], own)
    if not options.corpus.exists():
        raise InputError(f"{options.corpus}: the corpus of {run_folder} is no longer there: name it with --corpus")
    return options


def _resumed(arguments: Sequence[str]) -> Path | None:
    """The folder of --resume, if it is given. InputError if it has no value."""
    for number, word in enumerate(arguments, 1):
        flag, equals, value = word.partition("=")
        if flag == "--resume":
            folder = value if equals else "".join(arguments[number : number + 1])
            if not folder or folder.startswith("--"):
                raise InputError("pretrain: --resume needs the run's folder: nlp-ssl pretrain --resume RUN")
            return Path(folder)
    return None


def parse(
    command: str, kind: type[Options], arguments: Sequence[str], given: Mapping[str, Any] | None = None
) -> Options:
    """Load the recipe that is named first, and apply the flags of `kind`, a recipe with more fields.

    `given` are values of fields that no flag needs to give. Raises InputError if no recipe is named.
    """
    rest = list(arguments)
    named = bool(rest) and not rest[0].startswith("-")
    if not named and not {"-h", "--help"} & set(rest):
        if rest:
            raise InputError(
                f"{command}: name the recipe first, before {rest[0]}: nlp-ssl {command} RECIPE {rest[0]} …"
            )
        known = ", ".join(declarations.names("objectives"))
        raise InputError(f"{command}: name a recipe: {known}, or a TOML file")
    recipe = recipe_files.load(rest.pop(0) if named else "mlm")
    whole = recipe_files.recipe_type(tuple(recipe.mixture.objectives), kind)
    values = {field.name: getattr(recipe, field.name) for field in fields(Recipe)}
    needed = [f.name for f in fields(kind) if f.name not in values and f.default is MISSING]
    default = whole(**values, **{**dict.fromkeys(needed, tyro.MISSING), **(given or {})})
    name = arguments[0] if named else "RECIPE"
    return cast(
        Options, parse_options(whole, f"{command} {name}", rest, default, lambda: _recipe_notes(command, named))
    )


def _recipe_notes(command: str, named: bool) -> str:
    """The help's list of recipes; nothing where one is named."""
    if named:
        return ""
    return (
        "RECIPE is one of these names, a TOML file, or the folder of a run; --resume RUN needs none:\n"
        f"{declarations.summaries('objectives', declarations.names('objectives'))}\n\n"
        f"The options below are those of mlm. For another recipe: nlp-ssl {command} RECIPE --help"
    )


def pretrain(options: Pretrain) -> int:
    """Pretrain. Returns the exit status: 0 done, 130 or 143 interrupted and saved. Raises InputError."""
    corpus = Corpus.open(options.corpus)
    vocabulary = Vocabulary.of(corpus)
    text, examples = usable_examples(corpus, vocabulary, "train", options)
    with disk_errors(options.out, run.HOW_TO_GO_ON), run.acquire(options.out, options, corpus, bool(options.resume)):
        with first_torch_import():  # after every check that needs no torch
            from nlp_ssl.training.run import train

        return train(options, corpus, vocabulary, text, examples)


def usable_examples(
    corpus: Corpus, vocabulary: Vocabulary, split: str, recipe: Recipe
) -> tuple[TokenStream, ExampleIndex]:
    """The text of a split, and its examples. Raises InputError if it has none."""
    mixture = recipe.mixture
    text = TokenStream(corpus.shards(split))
    if not len(text):
        raise InputError(f"{corpus.folder}: its {split} split is empty")
    examples = mixture.examples(text, vocabulary, recipe.batch.max_length)
    if not len(examples):
        raise InputError(
            f"{corpus.folder} cannot serve {mixture.name}: none of the {examples.skipped:,} runs of sentences "
            f"in its {split} split has {mixture.needs}"
        )
    return text, examples


def evaluation_steps(recipe: Recipe, batches: Batches) -> int:
    """The number of batches of an evaluation."""
    tokens_per_batch = float(batches.examples.length.sum()) / len(batches)
    return min(math.ceil(recipe.evaluation_tokens / tokens_per_batch), len(batches))
