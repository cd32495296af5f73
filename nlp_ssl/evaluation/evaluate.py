"""`nlp-ssl evaluate RUN --corpus C`: compute the validation metrics of a run, on its own objective or another one.

Every run is evaluated on its own objective during training. Another objective shows what else the model has learned:
a model trained on next sentence prediction (`nsp`) can be evaluated on sentence order prediction (`sop`). Both
objectives need the same kind of body, and for each loss the same kind of head with the same number of labels.
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
    """Compute the validation metrics of a run, on its own objective or another one."""

    run: tyro.conf.Positional[Path]
    """Folder of a finished pretraining run."""
    corpus: Path
    """Folder of the corpus that the run was trained on."""
    on: str | None = None
    """Recipe of the objective to evaluate. Defaults to the run's own."""
    evaluation_tokens: int = 100_000
    """Tokens of validation text."""


def main(arguments: Sequence[str]) -> int:
    """Run the command and print the validation metrics."""
    options = parse(Evaluate, "evaluate", arguments)
    metrics = {key: value for key, value in evaluate(options).items() if "validation_targets" not in key}
    on = options.on or "its own objective"
    rows = [[name.replace("_", " "), f"{value:.4f}"] for name, value in metrics.items()]
    print(table([f"{options.run.resolve().name} on {on}", ""], rows), flush=True)
    return 0


def evaluate(options: Evaluate) -> dict[str, float]:
    """Compute the validation metrics.

    Raises InputError if the run is unfinished, has no heads for the objective, or was trained on another corpus.
    """
    if options.evaluation_tokens < 1:
        raise InputError(f"--evaluation-tokens is {options.evaluation_tokens}: it must be at least 1")
    if not (options.run / "recipe.toml").is_file() or not (options.run / "model").is_dir():
        raise InputError(f"{options.run}: not a finished pretraining run")
    corpus = Corpus.open(options.corpus)
    check_corpus(options.run, corpus, "give that corpus with --corpus")
    vocabulary = Vocabulary.of(corpus)
    trained = recipes.load(str(options.run))
    evaluated = recipes.load(options.on) if options.on else trained
    if not trained.mixture.saves_heads:
        raise InputError(f"{options.run.resolve().name}: the run saved only the body, not the heads of its objective")
    heads = trained.mixture.answers(evaluated.mixture, vocabulary)
    if heads is None:
        raise InputError(
            f"{options.run.resolve().name} cannot be evaluated on {evaluated.mixture.name}: it was trained on "
            f"{trained.mixture.name}, which has a different body or different heads"
        )
    evaluated = replace(
        evaluated,
        model=trained.model,
        batch=trained.batch,
        seed=trained.seed,
        evaluation_tokens=options.evaluation_tokens,
    )
    with first_torch_import():
        from nlp_ssl.training.validation import of_saved

    return of_saved(options.run / "model", trained, evaluated, heads, corpus, vocabulary)
