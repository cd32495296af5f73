"""The result of an analysis: scores, differences and verdicts of one board."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from nlp_ssl.comparison.results_file import Setting
from nlp_ssl.statistics.corrections import Average, Description
from nlp_ssl.statistics.intervals import Difference, Interval
from nlp_ssl.statistics.multi_bootstrap import MultiBootstrap
from nlp_ssl.statistics.spread import LEVEL

Mark = Literal["better", "worse", "no significant difference", "anecdotal"]
"""A verdict on a difference. "anecdotal": the interval excludes zero, but there is only one pretraining seed."""
SIGNS: dict[Mark, str] = {"better": "▲", "worse": "▼", "no significant difference": "≈", "anecdotal": "·"}
"""A sign for each verdict, because colour alone is not accessible and not printable."""
METHODS = ("finetune", "probe", "knn", "few-shot", "zero-shot", "retrieval", "word similarity")
"""Order of the boards. Fine-tuning comes first, as the most common use of a pretrained model."""
LABELLED = ("finetune", "probe", "knn")
"""Methods that learn from labels. They share the baselines that are computed from the texts."""
UNTRAINED = ("zero-shot", "few-shot")
"""Methods that train nothing. Scores are compared with chance: random labels in a prompt keep what label words tell."""


@dataclass(frozen=True)
class Gap:
    """Difference of two models on a task, with its verdict."""

    difference: Difference
    p: float | None
    """p value after Holm's correction over all such differences on the board; None with one pretraining seed."""
    bootstrap: MultiBootstrap
    """The same difference by the multi-bootstrap, which decides no verdict."""

    @property
    def verdict(self) -> Mark:
        """Sign of a significant difference, by the corrected p value. One pretraining seed is never significant."""
        if self.p is None:
            alone = self.difference.verdict == "no significant difference"
            return "no significant difference" if alone else "anecdotal"
        if self.p > LEVEL:
            return "no significant difference"
        return "better" if self.difference.mean > 0 else "worse"


@dataclass(frozen=True)
class Figure:
    """Score of a model on a task."""

    interval: Interval | None
    """None without the predictions that an interval is computed from."""
    seeds: Description
    gap: Gap | None
    """Difference from the reference, for objectives."""
    reference: str | None = None
    """Random initialisation, random vectors, or chance; None if the reference was not scored."""
    dev: float | None = None
    """Mean score on dev alone, if the others are on the extended dev split."""


@dataclass(frozen=True)
class Standing:
    """Averages of a model over the counted tasks: mean normalised score and, for objectives, mean rank."""

    score: Average
    rank: Average | None


@dataclass(frozen=True)
class Board:
    """Analysis of one setting, or of the first setting of each task."""

    setting: Setting | None
    """None for the main board."""
    objectives: tuple[str, ...]
    models: tuple[str, ...]
    """Objectives first, then baselines."""
    text_baselines: Mapping[str, str]
    """Titles by name. These baselines are computed from the texts, without a network."""
    tasks: tuple[str, ...]
    settings: Mapping[str, Setting]
    """Setting by task."""
    metrics: dict[str, str]
    """Metric by task."""
    figures: dict[tuple[str, str], Figure]
    """Scores by (model, task)."""
    pairs: dict[tuple[str, str, str], Gap]
    """Differences by (objective, other objective, task); on the main board only."""
    floors: dict[str, str]
    """Tasks where all objectives are at chance, with the reason; they are left out of averages."""
    standings: dict[str, Standing]
    anecdotal: tuple[str, ...]
    """Objectives with only one pretraining seed on some task."""
    own_tasks: tuple[tuple[str, str], ...] = ()
    """Pairs of an objective and a task that it trains on itself."""

    @property
    def counted(self) -> list[str]:
        """Tasks that are not at chance."""
        return [task for task in self.tasks if task not in self.floors]

    @property
    def untrained(self) -> str:
        """What tasks are called that are compared with chance, as nothing is trained on them."""
        found = {setting.method for setting in self.settings.values()}
        return " and ".join(name for name in UNTRAINED if name in found) or UNTRAINED[0]

    def without(self, main: Board) -> Board | None:
        """This board with the tasks alone that the main board has in another setting; None if there are none."""
        here = {task: (s.method, s.train_examples) for task, s in self.settings.items()}
        there = {task: (s.method, s.train_examples) for task, s in main.settings.items()}
        tasks = tuple(task for task in self.tasks if here[task] != there.get(task))
        if not tasks:
            return None
        floors = {task: reason for task, reason in self.floors.items() if task in tasks}
        return replace(self, tasks=tasks, floors=floors, standings=self.standings if tasks == self.tasks else {})

    def title(self, model: str) -> str:
        """Name of a model in tables and plots."""
        return self.text_baselines.get(model, model)
