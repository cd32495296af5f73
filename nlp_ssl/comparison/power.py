"""The smallest differences that a comparison will find, before anything starts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nlp_ssl.comparison.board import METHODS
from nlp_ssl.comparison.plan import Plan
from nlp_ssl.comparison.results_file import Results, Setting, finished_runs, load_results
from nlp_ssl.comparison.score_jobs import FEW_SHOT
from nlp_ssl.comparison.tasks import LabelledTask
from nlp_ssl.comparison.variation import Variation, assumed_variation, measured_variation
from nlp_ssl.console import duration, table
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.few_shot import DEV_EXAMPLES
from nlp_ssl.statistics import power
from nlp_ssl.statistics.power import detectable
from nlp_ssl.statistics.sequential import ONLY, Look

MOST_SEEDS = 50


@dataclass(frozen=True)
class Row:
    """A task in a setting, with the numbers that its power depends on."""

    setting: Setting
    task: str
    scored: int
    """Scored examples."""
    plan: power.Plan
    """With the comparisons against random initialisation. Its examples are clusters, where examples have any."""
    main: bool
    """Whether the answer is read from it."""
    pairs: int
    """Comparisons between objectives in the main table."""
    variation: Variation

    def against_random(self, **changes: object) -> float:
        """MDE against random initialisation or chance, in points, with other numbers of seeds or examples."""
        variation = self.variation
        plan = replace(self.plan, **changes)  # type: ignore[arg-type]
        varying = [variation.ours, *([] if variation.random is None else [variation.random])]
        return 100 * detectable(plan, varying, variation.example, variation.draw)

    def between(self, **changes: object) -> float:
        """MDE between two objectives, in points."""
        plan = replace(self.plan, comparisons=self.pairs, **changes)  # type: ignore[arg-type]
        pair = self.variation.pair
        return 100 * detectable(plan, [pair], pair.example, pair.draw)


@dataclass(frozen=True)
class Expected:
    """The power of a plan."""

    looks: tuple[int, ...]
    rows: list[Row]
    falling: dict[str, float]
    """By objective, the share by which its validation loss fell between its last two evaluations."""
    source: Path | None
    """The earlier comparison."""


def expect(plan: Plan, spread_from: Path | None = None) -> Expected:
    """The power of a plan on its labelled tasks.

    The spread is that of an earlier comparison in `spread_from`, by default in the plan's own folder, where it has the
    setting with at least two seeds; elsewhere it is assumed. Raises InputError if `spread_from` has no usable results.
    """
    folder = spread_from or plan.out
    try:
        results = load_results(folder)
    except InputError:
        if spread_from:
            raise
        results = None  # the comparison is new, or writes its results again
    rows = []
    for setting, task in _settings(plan):
        main = setting == _main(plan, task)
        tasks = plan.tasks if main else [other for of, other in _settings(plan) if of == setting]
        scored = _scored(task, setting)
        objectives = len(plan.prompted if setting.method == FEW_SHOT else plan.models)
        per_cluster = _per_cluster(task)
        numbers = power.Plan(
            seeds=plan.looks[0],
            runs=plan.finetune_seeds if setting.method == "finetune" else 1,
            examples=round(scored / per_cluster),
            comparisons=objectives * len(tasks) + (_zero_shot(plan, 1) if main else 0),
            look=Look.at(plan.looks[0], plan.looks),
        )
        pairs = math.comb(objectives, 2) * len(tasks) + _zero_shot(plan, 2)
        earlier = measured_variation(results, folder, setting, task.name) if results else None
        variation = earlier or assumed_variation(task, per_cluster, setting)
        rows.append(Row(setting, task.name, scored, numbers, main, pairs, variation))
    measured = any(not row.variation.assumed for row in rows)
    return Expected(plan.looks, rows, _falling(results) if results else {}, folder if measured else None)


def _settings(plan: Plan) -> Iterator[tuple[Setting, LabelledTask]]:
    """All settings of all tasks; those that the answer is read from come first."""
    yield from ((_main(plan, task), task) for task in plan.tasks)
    for method in METHODS:
        for task in plan.tasks:
            found = [setting for setting in _of_task(plan, task) if setting.method == method]
            yield from ((setting, task) for setting in found if setting != _main(plan, task))


def _main(plan: Plan, task: LabelledTask) -> Setting:
    return _of_task(plan, task)[0]


def _of_task(plan: Plan, task: LabelledTask) -> list[Setting]:
    """The settings of a task, the one that the answer is read from first."""
    asked = plan.methods_for(task)
    methods = [method for method in METHODS if method in asked or (method == "knn" and "probe" in asked)]
    sizes = sorted(plan.sizes(task), key=lambda n: -math.inf if n is None else -n)
    return [Setting(method, n, None) for method in methods for n in (plan.shots if method == FEW_SHOT else sizes)]


def _scored(task: LabelledTask, setting: Setting) -> int:
    """The number of examples of the first scored split; dev may be extended by unused training examples."""
    from nlp_ssl.tasks.draws import MOST_UNUSED

    split = task.task.evaluation_splits[0]
    if setting.method == FEW_SHOT:
        return min(task.counts[split], DEV_EXAMPLES)
    unused = task.counts["train"] - (setting.train_examples or task.counts["train"])
    extended = task.task.dev_extends and split == "dev"
    return task.counts[split] + (min(unused, MOST_UNUSED) if extended else 0)


def _per_cluster(task: LabelledTask) -> float:
    """The mean number of scored examples in a cluster; 1 where all are independent."""
    split = task.task.evaluation_splits[0]
    return task.counts[split] / task.independent[split]


def _zero_shot(plan: Plan, at_once: int) -> int:
    """Differences of the main table without labels, of `at_once` objectives each: pairs and retrieval."""
    models = plan.models.values()
    likelihoods = sum(model.gives_likelihood for model in models)
    vectors = sum(model.body == "static" for model in models)
    of_pairs = math.comb(likelihoods, at_once) * len(plan.minimal_pairs)
    of_words = math.comb(vectors, at_once) * len(plan.word_pairs)
    return of_pairs + of_words + math.comb(len(models), at_once) * plan.retrieval


def _falling(results: Results) -> dict[str, float]:
    """By objective, the share by which the first seed's validation loss fell between its last two evaluations."""
    falling = {}
    for name in results["question"]["objectives"]:
        for run in finished_runs(results, name)[:1]:
            losses = [point["loss"] for point in run["validation_curve"] if "loss" in point][-2:]
            if len(losses) == 2 and losses[0] > 0:
                falling[name] = 1 - losses[1] / losses[0]
    return falling


def power_table(expected: Expected) -> str:
    """The MDE of each task and setting, at the first and the last look."""
    header = ["", "task", "scored examples", "seeds", "vs random init", "between objectives", "spread"]
    lines = []
    for row in expected.rows:
        n = row.setting.train_examples
        name = f"{row.setting.method}, {'all' if n is None else f'{n:,}'} labels"
        for seeds in dict.fromkeys((expected.looks[0], expected.looks[-1])):
            look = Look.at(seeds, expected.looks)
            found = [_points(row.against_random(seeds=seeds, look=look))]
            found.append(_points(row.between(seeds=seeds, look=look)) if row.main and row.pairs else "")
            source = "assumed" if row.variation.assumed else "measured"
            lines.append([name, row.task, f"{row.scored:,}", str(seeds), *found, source])
    spread = "The spread between seeds and examples is assumed: --spread-from takes it from an earlier comparison."
    if expected.source is not None:
        spread = f"Measured spread is that of {expected.source}."
    chance = " few-shot is compared with chance." if any(row.variation.random is None for row in expected.rows) else ""
    return (
        f"Minimum detectable effect (MDE), in points:\n\n{table(header, lines)}\n\nThe MDE is the smallest true "
        f"difference that is significant in 80 % of such comparisons, after Holm's correction over the table.{chance} "
        f"{spread}"
    )


def _points(value: float) -> str:
    """An MDE in points; "none" for one seed, which has no p value."""
    return "none" if math.isinf(value) else f"{value:.1f}" if value <= 100 else "over 100"


def brief(expected: Expected) -> str:
    """One line for the start of a run."""
    first, seeds = _first(expected), expected.looks[-1]
    found = _points(_mean_against_random(expected, seeds))
    spread = "assumed" if any(row.variation.assumed for row in first) else "measured"
    if seeds == 1:
        return "one pretraining seed has no p values: no difference is detectable (--dry-run says what more would find)"
    many = f"{seeds} seeds"
    return f"with {many}, the mean MDE vs random init is {found} points ({spread} spread; --dry-run says more)"


def advice(expected: Expected, seconds_per_seed: float, difference: float) -> str:
    """Where the next hour is best spent, and how many seeds a difference of `difference` points needs."""
    seeds = expected.looks[-1]
    more = max(int(3600 // seconds_per_seed), 1) if seconds_per_seed else 1
    now, by_seeds = (_mean_against_random(expected, S) for S in (seeds, seeds + more))
    by_examples = _mean_against_random(expected, seeds, times=2)
    took = "" if more * seconds_per_seed <= 3600 else f" ({duration(seconds_per_seed)})"
    ways = [
        (by_seeds, f"{more} more seed{'s' * (more > 1)}{took}"),
        (by_examples, "twice the scored examples"),
    ]
    (least, best), (other, second) = sorted(ways, key=lambda way: way[0])
    return (
        f"Best use of the next hour: {best}, for a mean MDE vs random init of {_points(least)} points "
        f"(now {_points(now)}; with {second}, {_points(other)}). "
        f"{_needed(_first(expected), difference)} {_of_tokens(expected.falling)}"
    )


def _first(expected: Expected) -> list[Row]:
    """The rows of the table that the answer is read from."""
    return [row for row in expected.rows if row.main]


def _mean_against_random(expected: Expected, seeds: int, times: int = 1) -> float:
    """The mean MDE over tasks at the last look, with so many seeds and `times` as many examples."""
    look = Look.at(expected.looks[-1], expected.looks)
    return float(
        np.mean(
            [row.against_random(seeds=seeds, look=look, examples=times * row.plan.examples) for row in _first(expected)]
        )
    )


def _of_tokens(falling: Mapping[str, float]) -> str:
    """What is known about more tokens."""
    still = {name: share for name, share in falling.items() if share > 0.01}
    if not falling:
        return "Whether more tokens would help is unknown before a first run."
    if not still:
        return "More tokens promise little: no validation loss fell by more than 1 % between its last two evaluations."
    name = max(still, key=still.__getitem__)
    return (
        f"More tokens may also help: the validation loss of {name} still fell by {100 * still[name]:.0f} % between its "
        "last two evaluations, in part because the learning rate falls there."
    )


def _needed(rows: Sequence[Row], difference: float) -> str:
    """How many seeds find a difference of interest on every task."""
    found = [
        power.fewest(lambda S, row=row: row.against_random(seeds=S, look=ONLY), difference, MOST_SEEDS)  # type: ignore[misc]
        for row in rows
    ]
    if None in found:
        return f"Not even {MOST_SEEDS} seeds would find {difference:g} points on every task."
    return f"{max(S for S in found if S is not None)} seeds would find {difference:g} points on every task."
