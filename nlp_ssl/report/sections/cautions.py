"""What a reader should know before trusting the answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from nlp_ssl.comparison.board import Board
from nlp_ssl.comparison.results_file import Results, finished_runs
from nlp_ssl.report.formats import count, list_names, percent, times
from nlp_ssl.report.sections.costs import MOST_UNEVEN, should_be_equal, unevenness
from nlp_ssl.report.sections.overlap import overlap_share
from nlp_ssl.report.sections.scores import reasons_at_chance
from nlp_ssl.sampling.references import COLLAPSED, SPREAD

OVERLAP_WORTH_A_NOTE = 0.01
COPYING_WORTH_A_NOTE = 0.25
"""Models are expected to learn copying if at least this share of the decoder's tokens can be copied."""


def cautions(results: Results, boards: Sequence[Board]) -> Iterator[str]:
    """The cautions, the most important first."""
    if boards and (few := boards[0].anecdotal):
        whose = "each" if few == boards[0].objectives else f"of {list_names(few)}"
        over = "examples and fine-tuning seeds" if results["question"]["finetune_seeds"] > 1 else "examples"
        yield (
            f"One pretraining seed {whose}: the intervals cover {over} only, not other runs of the same objective. "
            "There are no p values."
        )
    if existing := [entry["name"] for entry in results["objectives"] if entry.get("existing")]:
        several = len(existing) > 1
        yield (
            f"{list_names(existing)} {'are existing models' if several else 'is an existing model'}, one network"
            f"{' each' if several else ''}: intervals cover other fine-tuning seeds, draws and examples, not another "
            "model that was trained in the same way. Its pretraining is no part of the budget held equal."
        )
    held = results["question"]["held_equal"]
    if (ratio := unevenness(results, held)) > MOST_UNEVEN:
        yield (
            f"{should_be_equal(held)}, but the largest is {times(ratio)} the smallest. "
            "This is not a comparison at an equal budget."
        )
    if boards and boards[0].floors:
        yield f"Left out of the answer and of all averages: {'; '.join(reasons_at_chance(boards[0]))}."
    if boards and (own := boards[0].own_tasks):
        yield f"Trained on the task itself, so no transfer: {'; '.join(f'{name} on {task}' for name, task in own)}."
    if beginners := [text for name in results["question"]["objectives"] if (text := below_copying(results, name))]:
        yield (
            f"Copying from the input would predict more tokens correctly than these models: {'; '.join(beginners)}. "
            "Models learn to copy abruptly, after more text. Until then the decoder does not use its encoder and "
            "trains it little."
        )
    if collapsed := [text for name in results["question"]["objectives"] if (text := collapsed_runs(results, name))]:
        yield (
            f"The vectors of these runs have collapsed: {'; '.join(collapsed)}. All texts have nearly the same vector "
            "there. Use negatives (loss nt_xent or queue), or train with mlm as well."
        )
    if cut := shortened_prompts(results):
        yield (
            f"Prompts were too long for the models and lost demonstrations: {'; '.join(cut)}. "
            "Pretrain with a larger --batch.max-length, or ask for fewer --shots."
        )
    if n := len(results["failures"]):
        yield f"{count(n, 'job')} failed; {'their' if n > 1 else 'its'} results are missing. See Failures."
    seen = [
        f"{percent(share)} % of the {split} split of {task['name']}"
        for task in results["tasks"]
        for split, found in (task.get("overlap") or {}).items()
        if split != "train" and (share := overlap_share(found)) is not None and share > OVERLAP_WORTH_A_NOTE
    ]
    if seen:
        yield (
            f"The pretraining corpus contains test texts or near copies of them: {list_names(seen)}. "
            "Scores may reflect memorisation."
        )


def collapsed_runs(results: Results, objective: str) -> str | None:
    """How many of an objective's runs have collapsed, if any have; None otherwise."""
    validation = [run["validation"] for run in finished_runs(results, objective)]
    n = sum(any(_last(key) == SPREAD and value < COLLAPSED for key, value in run.items()) for run in validation)
    return f"{objective} ({n} of {len(validation)})" if n else None


def shortened_prompts(results: Results) -> list[str]:
    """The share of shortened prompts of each objective, task and number of demonstrations that has any."""
    counts: dict[tuple[str, str, int], list[int]] = {}
    for entry in results.get("prompts", []):
        found = counts.setdefault((entry["model"], entry["task"], entry["train_examples"]), [0, 0])
        found[0] += entry["shortened prompts"]
        found[1] += entry["prompts"]
    return [
        f"{percent(short / whole)} % of those of {model} with {count(shots, 'label')} on {task}"
        for (model, task, shots), (short, whole) in counts.items()
        if short
    ]


def _last(metric: str) -> str:
    """The name of a metric, without that of its loss."""
    return metric.rpartition(" ")[2]


def below_copying(results: Results, objective: str) -> str | None:
    """The accuracy of an objective's models beside that of copying, if it is lower; None otherwise."""
    validation = [run["validation"] for run in finished_runs(results, objective)]
    for key in dict.fromkeys(key for metrics in validation for key in metrics if key.endswith("accuracy_by_copying")):
        own = f"{key.removesuffix('accuracy_by_copying')}accuracy"
        correct, copied = (float(np.mean([m[name] for m in validation if key in m])) for name in (own, key))
        if correct < copied and copied > COPYING_WORTH_A_NOTE:
            return f"{objective} ({percent(correct)} % correct, {percent(copied)} % by copying)"
    return None
