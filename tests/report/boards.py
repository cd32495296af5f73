"""Boards with given verdicts."""

from collections.abc import Sequence

from nlp_ssl.comparison.board import Board, Figure, Gap
from nlp_ssl.comparison.results_file import Setting
from nlp_ssl.statistics.corrections import Description
from nlp_ssl.statistics.intervals import Difference, Interval
from nlp_ssl.statistics.multi_bootstrap import MultiBootstrap
from tests.comparison.worlds import TEXT_BASELINES

SCORE = Description(mean=0.7, median=0.7, sd=0.01, finetuning_sd=0.01)

BOOTSTRAP = MultiBootstrap(low=-0.01, high=0.02, p=0.3)


def gap(sign: int, anecdotal: bool = False) -> Gap:
    """A significant difference of this sign; no significant difference for 0."""
    p = None if anecdotal else 0.01 if sign else 0.9
    low, high = 0.1 * sign - 0.05, 0.1 * sign + 0.05
    return Gap(Difference(0.1 * sign, low, high, p=p, detectable=0.1, anecdotal=anecdotal), p, BOOTSTRAP)


def board(
    random_init: dict[str, list[int]],
    pairs: dict[tuple[str, str], list[int]] | None = None,
    anecdotal: Sequence[str] = (),
    baselines: dict[str, list[float]] | None = None,
    own_tasks: tuple[tuple[str, str], ...] = (),
) -> Board:
    """A board with the signs of Δ of each objective on each task, against random initialisation and in pairs.

    The objectives `anecdotal` have one pretraining seed.
    """
    objectives = tuple(random_init)
    tasks = tuple(f"task {i}" for i in range(max(map(len, random_init.values()))))
    figures = {
        (model, task): Figure(
            Interval(0.7, 0.6, 0.8), SCORE, gap(sign, model in anecdotal), "encoder, random initialisation"
        )
        for model, signs in random_init.items()
        for task, sign in zip(tasks, signs, strict=True)
    }
    for name, values in (baselines or {}).items():
        for task, value in zip(tasks, values, strict=True):
            figures[name, task] = Figure(None, Description(value, value, None, None), None)
    return Board(
        setting=Setting("finetune", None, None),
        objectives=objectives,
        models=(*objectives, *(baselines or {})),
        text_baselines={name: title for name, title in TEXT_BASELINES.items() if name in (baselines or {})},
        tasks=tasks,
        settings=dict.fromkeys(tasks, Setting("finetune", None, None)),
        metrics=dict.fromkeys(tasks, "macro_f1"),
        figures=figures,
        pairs={
            (*names, task): gap(sign, bool(set(names) & set(anecdotal)))
            for names, signs in (pairs or {}).items()
            for task, sign in zip(tasks, signs, strict=True)
        },
        floors={},
        standings={},
        anecdotal=tuple(anecdotal),
        own_tasks=own_tasks,
    )
