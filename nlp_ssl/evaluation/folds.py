"""Cross-validation: each part of one labelled file is scored by models trained on the other parts.

Fold k is an experiment of its own in OUT/folds/k, with the fold as dev. The predictions of all folds together are one
score for each seed, so every example is scored once, by a model that did not see it. Intervals are over all examples.
They treat the folds' models as one: models of different folds share most training examples, so another sample of
training examples would vary a little more than the intervals say (Bengio and Grandvalet, JMLR 2004).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlp_ssl.console import say
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.options import TaskOptions
from nlp_ssl.evaluation.result_cache import PROTOCOL, CachedResult, ResultCache, command
from nlp_ssl.tasks.declaration import Task

if TYPE_CHECKING:
    from nlp_ssl.evaluation.experiment import Experiment
    from nlp_ssl.evaluation.scores import Row
    from nlp_ssl.tasks.splits import LabelledExamples


def score_folds(
    experiment: type[Experiment[Any]],
    options: TaskOptions,
    task: Task,
    folder: Path,
    labels: tuple[str, ...],
    examples: LabelledExamples,
) -> dict[str, Any]:
    """Score all examples by cross-validation, print the table and write OUT. Returns the content of OUT/scores.json.

    InputError if a fold is empty.
    """
    import numpy as np

    from nlp_ssl.evaluation.scores import write_result
    from nlp_ssl.tasks.draws import scored_splits
    from nlp_ssl.tasks.splits import fold_of, joined

    assert options.folds is not None
    fold = fold_of(examples, options.folds)
    if len(np.unique(fold)) < options.folds:
        raise InputError(f"--folds {options.folds}: {task.name} has too few different texts for so many; use fewer")
    cache = ResultCache(
        options.out,
        {"protocol": PROTOCOL, "command": options.command, "folds": options.folds, "data": examples.fingerprint()},
    )
    made, rows = [], []
    for k in range(options.folds):
        say(f"fold {k + 1} of {options.folds}")
        splits = {name: examples.take(np.flatnonzero(own)) for name, own in (("train", fold != k), ("dev", fold == k))}
        of_fold = replace(options, out=options.out / "folds" / str(k + 1))
        made.append(experiment(of_fold, task, folder, labels, splits))
        cache.record()  # after the first fold's checks
        rows.append(made[-1].rows())
    scored = {"dev": joined([one.predicted["dev"] for one in made])}
    facts = made[0].facts() | {"command": command(options.command, options), "folds": options.folds}
    facts["examples"]["dev"] = len(examples)
    together = [_joined_row(of_row) for of_row in zip(*rows, strict=True)]
    return write_result(options.out, task, made[0].kind, scored, scored_splits(scored, []), together, facts)


def _joined_row(rows: Sequence[Row]) -> Row:
    """One row from those of all folds: for each seed, the outputs of all examples and the choices of each fold."""
    import numpy as np

    parts = []
    for of_seed in zip(*(row.parts for row in rows), strict=True):
        outputs = {"dev": np.concatenate([part.outputs["dev"] for part in of_seed])}
        choices = [{k: v for k, v in part.facts.items() if k not in ("seconds", "seed")} for part in of_seed]
        seconds = round(sum(part.facts["seconds"] for part in of_seed), 1)
        parts.append(CachedResult(outputs, {"seconds": seconds, "choices": choices}, of_seed[0].name))
    return replace(rows[0], parts=parts)
