"""`nlp-ssl evaluate RUN --corpus C`: how well a model does its objective's task, or another one's, on held-out text.

Every run is evaluated on its own task while it trains. Another one's shows what else it has learned: a model that was
taught which text follows (`nsp`) can be asked whether two pieces are in order (`sop`). That needs the same body, and
for each part of the other's loss a head of the same kind with as many labels; the first label stays the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import tyro

from nlp_ssl import recipe as recipes
from nlp_ssl.console import table
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import InputError
from nlp_ssl.imports import first_torch_import
from nlp_ssl.options import parse
from nlp_ssl.training.run_folder import check_corpus


@dataclass(frozen=True, kw_only=True)
class Evaluate:
    """Evaluate a run on held-out text, on its own objective's task or another's."""

    run: tyro.conf.Positional[Path]
    """Folder of a finished pretraining run."""
    corpus: Path
    """The folder of the corpus that it was trained on."""
    on: str | None = None
    """The recipe whose task it is to do; its own if not given."""
    evaluation_tokens: int = 100_000
    """Held-out text."""


def main(arguments: Sequence[str]) -> int:
    """The command: prints the figures."""
    options = parse(Evaluate, "evaluate", arguments)
    figures = evaluate(options)
    shown = {key: value for key, value in figures.items() if "validation_targets" not in key}
    on = options.on or "its own task"
    rows = [[name.replace("_", " "), f"{value:.4f}"] for name, value in shown.items()]
    print(table([f"{options.run.resolve().name} on {on}", ""], rows), flush=True)
    return 0


def evaluate(options: Evaluate) -> dict[str, float]:
    """The figures. InputError where the run has no heads for the task, or was trained on another corpus."""
    if options.evaluation_tokens < 1:
        raise InputError(f"--evaluation-tokens {options.evaluation_tokens}: at least 1")
    if not (options.run / "recipe.toml").is_file() or not (options.run / "model").is_dir():
        raise InputError(f"{options.run}: no finished pretraining run")
    corpus = Corpus.open(options.corpus)
    check_corpus(options.run, corpus)
    vocabulary = Vocabulary.of(corpus)
    trained = recipes.load(str(options.run))
    asked = recipes.load(options.on) if options.on else trained
    if not trained.mixture.saves_heads:
        raise InputError(f"{options.run.resolve().name}: only its body was saved, not the heads of its objective")
    heads = trained.mixture.answers(asked.mixture, vocabulary)
    if heads is None:
        raise InputError(
            f"{options.run.resolve().name} cannot do the task of {asked.mixture.name}: it was trained on "
            f"{trained.mixture.name}, which has another body or other heads"
        )
    asked = replace(
        asked, model=trained.model, batch=trained.batch, seed=trained.seed, evaluation_tokens=options.evaluation_tokens
    )
    with first_torch_import():
        from nlp_ssl.training.validation import of_saved

    return of_saved(options.run / "model", trained, asked, heads, corpus, vocabulary)
