"""What a comparison will cost, before anything starts."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from nlp_ssl import recipe as recipes
from nlp_ssl.comparison.grid import PILOT, Cell, Grid, LabelledTask
from nlp_ssl.comparison.running import apart
from nlp_ssl.console import duration, quantity, say, table
from nlp_ssl.downstream.experiment import MOST_TO_CHOOSE_ON
from nlp_ssl.downstream.finetune import usual_epochs
from nlp_ssl.recipe import Recipe

if TYPE_CHECKING:
    from nlp_ssl.training.loop import Cost


@dataclass(frozen=True)
class Expected:
    """What a cell will cost; None where it is not known."""

    tokens: float | None = None
    flops: float | None = None
    seconds: float | None = None


def expectation(grid: Grid, jobs: int) -> str:
    """The cells and their cost, from a few updates of each objective, as a table."""
    costs = {}
    for name, recipe in grid.recipes.items():
        say(f"{name}: timing a few updates")
        costs[name] = apart(_calibrate, recipes.dump(recipe), grid.corpus.folder)
    lengths = {task.task.name: _mean_length(grid, task) for task in grid.tasks}
    cells, rows, left = grid.cells(), [], []
    for cell in cells:
        facts = cell.facts
        if facts is None:
            left.append(_expected(grid, cell, costs, lengths))
            rows.append([cell.name, "to do", *_shown(left[-1])])
        else:
            rows.append([cell.name, f"done in {duration(facts['seconds'])}", "", "", ""])
    seconds = sum(cost.seconds or 0 for cost in left)
    total = Expected(sum(cost.tokens or 0 for cost in left), sum(cost.flops or 0 for cost in left), seconds)
    rows.append([f"{len(left)} of {len(cells)} cells to do", "", *_shown(total)])
    together = f", {duration(seconds / jobs)} with {jobs} jobs if they do not slow each other" if jobs > 1 else ""
    return (
        f"{table(('cell', '', 'tokens', 'FLOPs', 'time'), rows)}\n\n"
        f"About {duration(seconds)} in all{together}. Fine-tuning is estimated at its most (every epoch for every "
        "seed), from the speed of pretraining; TF-IDF and overlap take seconds to minutes."
    )


def _shown(cost: Expected) -> list[str]:
    tokens, flops = ("" if n is None else quantity(n) for n in (cost.tokens, cost.flops))
    return [tokens, flops, "" if cost.seconds is None else duration(cost.seconds)]


def _expected(grid: Grid, cell: Cell, costs: Mapping[str, Cost], lengths: Mapping[str, float]) -> Expected:
    """The cost of a cell that is not done."""
    if cell.kind == "pretrain":
        cost = costs[cell.about["model"]]
        share = PILOT if "learning_rate" in cell.about else 1.0
        return Expected(share * cost.tokens, share * cost.flops, share * cost.seconds)
    if cell.kind != "finetune":
        return Expected()
    cost, task = costs[cell.about["model"]], next(task for task in grid.tasks if task.task.name == cell.about["task"])
    first = cell.about["pretraining_seed"] == 1 and next(
        name for name in grid.recipes if grid.untrained(name) == cell.about["untrained"]
    )
    networks = 2 if first == cell.about["model"] else 1  # the untrained one too
    seen = networks * _examples_seen(grid, task, cell.about["train_examples"])
    flops = seen * lengths[task.task.name] * cost.body_flops_per_token
    return Expected(None, flops, flops * cost.seconds / cost.flops)


def _examples_seen(grid: Grid, task: LabelledTask, train_examples: int | None) -> int:
    """Examples that fine-tuning reads at its most."""
    from nlp_ssl.downstream.splits import held_out

    N, protocol = train_examples or task.counts["train"], grid.protocol
    epochs = protocol.epochs or usual_epochs(N)
    to_choose_on = min(N - held_out(N), MOST_TO_CHOOSE_ON)
    return epochs * (len(protocol.learning_rates) * to_choose_on + grid.finetune_seeds * N)


def _mean_length(grid: Grid, task: LabelledTask) -> float:
    """Tokens of an example, special ones included, as a model reads it."""
    import numpy as np

    from nlp_ssl.corpus import tokenizer

    model = tokenizer.load(grid.corpus.tokenizer_folder)
    texts = [task.sample.texts, *([] if task.sample.pairs is None else [task.sample.pairs])]
    lengths = sum(np.array([len(encoded.ids) for encoded in model.encode_batch_fast(column)]) for column in texts)
    return float(np.minimum(lengths, grid.max_length).mean())


def _calibrate(toml: str, folder: Path) -> Cost:
    """What pretraining by a recipe costs: in a process of its own, since it needs torch, and may need much memory."""
    from nlp_ssl.corpus.store import Corpus
    from nlp_ssl.corpus.vocabulary import Vocabulary
    from nlp_ssl.training.loop import make_trainer
    from nlp_ssl.training.pretrain import Pretrain, usable_examples

    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "recipe.toml"
        file.write_text(toml, encoding="utf-8")
        recipe = recipes.load(str(file))
        kind = recipes.recipe_type(tuple(recipe.mixture.objectives), Pretrain)
        values = {field.name: getattr(recipe, field.name) for field in fields(Recipe)}
        options = kind(**values, corpus=folder, out=Path(scratch))
        corpus = Corpus.open(folder)
        vocabulary = Vocabulary.of(corpus)
        text, examples = usable_examples(corpus, vocabulary, "train", options)
        return make_trainer(options, vocabulary, text, examples).expect()
