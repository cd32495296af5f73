"""What scores vary by: measured in an earlier comparison, or assumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nlp_ssl.comparison.analysis import measured_on, reference_of
from nlp_ssl.comparison.board import UNTRAINED
from nlp_ssl.comparison.results_file import Results, Setting
from nlp_ssl.comparison.tasks import LabelledTask
from nlp_ssl.statistics.intervals import Scores
from nlp_ssl.statistics.power import Components, paired, shared_components
from nlp_ssl.tasks.metrics import CORRELATIONS

ASSUMED = Components(seed=0.01**2, run=0.01**2, example=0.0, seed_example=0.0, run_example=0.11)
"""Of one model's accuracy. docs/decisions/power-before-cost.md says where it was measured."""
ASSUMED_EXAMPLE = 0.08
"""Component of examples of the difference of two models' accuracies."""
ASSUMED_EXAMPLE_ALONE = 0.25 - ASSUMED.run_example
"""Component of examples of one model's accuracy near 50 %, where an answer varies by 0.25."""
OF_CORRELATIONS = 4
"""Factor of these variances for correlations: they vary twice as much as accuracies."""


@dataclass(frozen=True)
class Variation:
    """What the differences of a task and setting vary by."""

    ours: Components
    random: Components | None
    """None where the reference is chance, which does not vary."""
    example: float
    draw: float
    """Components of examples and of draws of training examples, of a difference from the reference."""
    pair: Components
    """Of a paired difference between objectives."""
    assumed: bool


def assumed_variation(task: LabelledTask, per_cluster: float, setting: Setting) -> Variation:
    """As if the examples of a cluster were independent, so that the mean of k varies by 1 / k of one."""
    factor = OF_CORRELATIONS if task.task.metrics[0] in CORRELATIONS else 1
    alone = Components(*(factor * value for value in vars(ASSUMED).values()))
    alone = replace(alone, run_example=alone.run_example / per_cluster)
    example = factor * ASSUMED_EXAMPLE / per_cluster
    pair = replace(Components(*(2 * value for value in vars(alone).values())), example=example)
    if setting.method in UNTRAINED:
        return Variation(alone, None, factor * ASSUMED_EXAMPLE_ALONE / per_cluster, 0.0, pair, assumed=True)
    return Variation(alone, alone, example, 0.0, pair, assumed=True)


def measured_variation(results: Results, folder: Path, setting: Setting, task: str) -> Variation | None:
    """The spread in earlier results; None where these have fewer than two seeds of objectives and baselines."""
    found = measured_on(results, folder, setting, task)
    several = {model: scores for model, scores in found.items() if len(scores.values) > 1}
    entries = {entry["name"]: entry for entry in results["objectives"] if entry["name"] in several}
    objectives = [several[name] for name in entries]
    if objectives and setting.method in UNTRAINED:
        ours = Components.of(objectives)
        return Variation(ours, None, ours.example, ours.draw, _of_pairs(objectives), assumed=False)
    references = {name: reference_of(entry, tuple(several)) for name, entry in entries.items()}
    against = [(several[name], several[other]) for name, other in references.items() if other is not None]
    if not against:
        return None
    example, draw = np.mean([shared_components(ours, random) for ours, random in against], axis=0).tolist()
    return Variation(
        ours=Components.of(objectives),
        random=Components.of([random for _, random in against]),
        example=example,
        draw=draw,
        pair=_of_pairs(objectives),
        assumed=False,
    )


def _of_pairs(objectives: Sequence[Scores]) -> Components:
    """Of the differences between objectives; of one objective, twice its own."""
    pairs = [(one, other) for i, one in enumerate(objectives) for other in objectives[i + 1 :]]
    alike = [paired(one, other) for one, other in pairs if one.influence.shape == other.influence.shape]
    if alike:
        return Components.of(alike)
    return Components(*(2 * value for value in vars(Components.of(objectives)).values()))
