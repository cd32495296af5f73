"""Run fine-tuning or probing on a labelled task."""

from __future__ import annotations

from typing import Any

from nlp_ssl.disk_errors import disk_errors
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.experiment import Experiment, Options
from nlp_ssl.models.folder import model_folder
from nlp_ssl.output_folder import exclusive


def score_task(experiment: type[Experiment[Options]], options: Options) -> dict[str, Any]:
    """Run an experiment, print its table and write OUT. Returns the content of OUT/scores.json.

    Raises InputError for unusable options, data or models, before anything is written.
    """
    problems = [problem for holds, problem in options.rules() if not holds]
    if problems:
        raise InputError(*problems)
    task = options.task_named(options.task)
    folder = model_folder(options.run)

    from nlp_ssl.tasks.positive_class import with_positive
    from nlp_ssl.tasks.splits import load_splits  # imports NumPy, so only after the options are checked

    labels, splits = load_splits(task, options.sources(task), folds=options.folds is not None)
    task = with_positive(task, labels, splits["train"])
    with disk_errors(options.out, "run the command again; finished results are kept"), exclusive(options.out):
        if options.folds is not None:
            from nlp_ssl.evaluation.folds import score_folds

            return score_folds(experiment, options, task, folder, labels, splits["train"])
        return experiment(options, task, folder, labels, splits).result()
