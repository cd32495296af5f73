"""`nlp-ssl evaluate RUN --corpus C`: score a model on a corpus without labels, in one table.

1. The validation metrics of the run's objective, which training computes too, if the corpus has the run's tokenizer.
   Otherwise bits per byte of the held-out text, for causal language models: the text is decoded and encoded with the
   model's own tokenizer.
2. The tasks made from the corpus (`nlp_ssl.evaluation.without_labels`), for any tokenizer.

Another objective (`--on`) shows what else the model has learned: a model trained on next sentence prediction (`nsp`)
can be evaluated on sentence order prediction (`sop`). Both objectives need the same kind of body, and for each loss the
same kind of head with the same number of labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import tyro

from nlp_ssl import recipe_files
from nlp_ssl.console import say, show_result, table
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.tokenizer import same_layout
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import InputError, NoScoreError
from nlp_ssl.evaluation.without_labels import TaskScore, score_tasks
from nlp_ssl.imports import first_torch_import
from nlp_ssl.json_files import read_object
from nlp_ssl.models.folder import model_folder
from nlp_ssl.options import parse
from nlp_ssl.training.readable import metric_rows

BESIDE = ("best simple baseline", "random initialisation")


@dataclass(frozen=True, kw_only=True)
class Evaluate:
    """Score a model on a corpus without labels, in one table.

    The table has the validation metrics of the run's objective if the corpus has the run's tokenizer, and otherwise the
    bits per byte of a causal language model. The tasks made from the corpus follow, each beside the best simple
    baseline and random initialisation.
    """

    run: tyro.conf.Positional[Path]
    """Folder of a finished pretraining run, or of any model in Hugging Face format."""
    corpus: Path
    """Folder of a prepared corpus, with any tokenizer."""
    on: str | None = None
    """Recipe of the objective to evaluate, without tasks. Defaults to the run's own objective, and tasks."""
    evaluation_tokens: int = 100_000
    """Tokens of validation text for the metrics of the objective."""
    tasks: bool = True
    """Also score the tasks made from the corpus: linear probes, damaged sentences, and retrieval of the next
    sentence."""


def main(arguments: Sequence[str]) -> int:
    """Run the command and print the table."""
    options = parse(Evaluate, "evaluate", arguments)
    name, corpus = options.run.resolve().name, options.corpus.resolve().name
    if options.on is not None or not options.tasks:
        show_result(table([f"{name} on {options.on or corpus}", ""], metric_rows(evaluate(options))))
        return 0
    rows, problems = _all_rows(options)
    if not rows:
        raise InputError(*problems)
    show_result(table([f"{name} on {corpus}", "", *BESIDE], rows))
    for problem in problems:
        say(problem)
    return 0


def _all_rows(options: Evaluate) -> tuple[list[list[str]], list[str]]:
    """The lines of the table, and a sentence for each score that the model does not have."""
    _check(options)
    rows: list[list[str]] = []
    problems: list[str] = []
    try:
        rows += [[*row, "", ""] for row in metric_rows(evaluate(options))]
    except NoScoreError as error:
        problems += error.problems
    scores, left_out = score_tasks(options.run, options.corpus)
    return rows + list(map(_row, scores)), problems + left_out


def _row(found: TaskScore) -> list[str]:
    """A line of the table, in percent."""
    interval = "" if found.interval is None else f" [{100 * found.interval[0]:.1f}, {100 * found.interval[1]:.1f}]"
    name, simple = found.best_simple
    random_init = "" if found.random_init is None else f"{100 * found.random_init:.1f} %"
    return [found.name, f"{100 * found.score:.1f} %{interval}", f"{100 * simple:.1f} % ({name})", random_init]


def evaluate(options: Evaluate) -> dict[str, float]:
    """Compute the validation metrics.

    Raises InputError if the run is unfinished or has no heads for the objective, or if there is no run with the
    corpus's tokenizer and the model gives no likelihood of texts.
    """
    folder, corpus = _check(options)
    is_run = folder != options.run  # a run without its recipe is damaged
    if is_run and _same_tokenizer(folder, corpus.tokenizer_folder):
        return _on_objective(options, folder, corpus)
    if options.on is not None:
        raise InputError(
            f"--on {options.on}: {options.run} is no run with the tokenizer of {options.corpus}; leave --on out, or "
            f"prepare the text with --tokenizer {folder}"
        )
    with first_torch_import():
        from nlp_ssl.evaluation.text_likelihood import likelihood_metrics
        from nlp_ssl.runtime import resolve_precision

    return likelihood_metrics(folder, corpus, options.evaluation_tokens, resolve_precision("auto"))


def _check(options: Evaluate) -> tuple[Path, Corpus]:
    """The model's folder and the corpus. InputError for unusable ones, or an option out of range."""
    if options.evaluation_tokens < 1:
        raise InputError(f"--evaluation-tokens is {options.evaluation_tokens}: it must be at least 1")
    if (options.run / "recipe.toml").is_file() and not (options.run / "model").is_dir():
        raise InputError(f"{options.run}: not a finished pretraining run")
    return model_folder(options.run), Corpus.open(options.corpus)


def _same_tokenizer(one: Path, other: Path) -> bool:
    """Whether two folders have the same tokenizer, apart from the special tokens that it adds to a text."""
    files = [folder / "tokenizer.json" for folder in (one, other)]
    if not all(file.is_file() for file in files):
        return False
    return same_layout(*(read_object(file, "make its folder again") for file in files))


def _on_objective(options: Evaluate, folder: Path, corpus: Corpus) -> dict[str, float]:
    """The validation metrics of a run's objective, or of another one."""
    vocabulary = Vocabulary.of(corpus)
    trained = recipe_files.load(str(options.run))
    evaluated = recipe_files.load(options.on) if options.on else trained
    if not trained.mixture.saves_heads:
        raise NoScoreError(
            f"{options.run.resolve().name}: the run saved only the body, not the heads of its objective; score it on "
            "tasks, without --on and --no-tasks"
        )
    heads = trained.mixture.answers(evaluated.mixture, vocabulary)
    if heads is None:
        raise InputError(
            f"{options.run.resolve().name} cannot be evaluated on {evaluated.mixture.name}: it was trained on "
            f"{trained.mixture.name}, which has a different body or different heads; compare both on tasks"
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

    return of_saved(folder, trained, evaluated, heads, corpus, vocabulary)
