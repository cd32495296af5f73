"""What a comparison will cost, before anything starts."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nlp_ssl import recipe as recipes
from nlp_ssl import registry
from nlp_ssl.comparison.executor import apart
from nlp_ssl.comparison.plan import MINIMAL_PAIRS, PILOT, Job, LabelledTask, Plan
from nlp_ssl.console import duration, quantity, say, table
from nlp_ssl.corpus import tokenizer
from nlp_ssl.evaluation.finetune import usual_batch_size, usual_epochs
from nlp_ssl.evaluation.minimal_pairs import read_minimal_pairs
from nlp_ssl.recipe import Recipe

if TYPE_CHECKING:
    from nlp_ssl.training.budget import Cost


FORWARD = 3
"""How many times what reading costs does training cost: forward, and backward at twice of that."""


@dataclass(frozen=True)
class Expected:
    """What a cell will cost; None where it is not known."""

    tokens: float | None = None
    flops: float | None = None
    seconds: float | None = None


def expectation(grid: Plan, jobs: int) -> str:
    """The cells and their cost, from a few updates of each objective, as a table."""
    costs = {}
    for name, recipe in grid.recipes.items():
        say(f"{name}: timing a few updates")
        costs[name] = apart(_calibrate, recipes.dump(recipe), grid.corpus.folder, registry.loaded_plugins())
    asked = _Asked(grid, costs)
    cells, rows, left = grid.cells(), [], []
    for cell in cells:
        facts = cell.facts
        if facts is None:
            left.append(asked.expected(cell))
            rows.append([cell.name, "to do", *_shown(left[-1])])
        else:
            rows.append([cell.name, f"done in {duration(facts['seconds'])}", "", "", ""])
    seconds = sum(cost.seconds or 0 for cost in left)
    total = Expected(sum(cost.tokens or 0 for cost in left), sum(cost.flops or 0 for cost in left), seconds)
    rows.append([f"{len(left)} of {len(cells)} cells to do", "", *_shown(total)])
    together = f", {duration(seconds / jobs)} with {jobs} jobs if they do not slow each other" if jobs > 1 else ""
    return (
        f"{table(('cell', '', 'tokens', 'FLOPs', 'time'), rows)}\n\n"
        f"About {duration(seconds)} in all{together}. Scores are estimated from the speed of pretraining, fine-tuning "
        "at its most (every epoch for every seed). What has no figure here takes seconds to minutes a cell; so do "
        "TF-IDF and what a probe learns from its vectors."
    )


def _shown(cost: Expected) -> list[str]:
    tokens, flops = ("" if n is None else quantity(n) for n in (cost.tokens, cost.flops))
    return [tokens, flops, "" if cost.seconds is None else duration(cost.seconds)]


class _Asked:
    """What the cells of a grid ask for, in tokens that a body has to read."""

    def __init__(self, grid: Plan, costs: Mapping[str, Cost]) -> None:
        self.grid, self.costs = grid, costs
        self.tokenizer = tokenizer.load_tokenizer(grid.corpus.tokenizer_folder)
        self.tasks = {task.task.name: task for task in grid.tasks}
        self.lengths = {name: self._mean_length(task) for name, task in self.tasks.items()}
        self.pairs = {}
        for pairs in grid.pairs:
            found = read_minimal_pairs([pairs.data])
            self.pairs[pairs.name] = self._lengths(found.good + found.bad)

    def expected(self, cell: Job) -> Expected:
        """The cost of a cell that is not done."""
        if cell.kind == "pretrain":
            cost = self.costs[cell.about["model"]]
            share = PILOT if "learning_rate" in cell.about else 1.0
            return Expected(share * cost.tokens, share * cost.flops, share * cost.seconds)
        passes = {"finetune": self._finetuned, "probe": self._probed, MINIMAL_PAIRS: self._paired}.get(cell.kind)
        if passes is None:
            return Expected()
        cost = self.costs[cell.about["model"]]
        tokens, updates = passes(cell)
        flops = tokens * cost.body_flops_per_token
        if not updates:
            return Expected(None, flops, flops * cost.seconds / cost.flops)
        # Fine-tuning takes small batches, of which the arithmetic is the smaller part.
        of_arithmetic = max(cost.seconds - cost.steps * cost.update_seconds, 0) / cost.flops
        return Expected(None, flops, updates * cost.update_seconds + flops * of_arithmetic)

    def _finetuned(self, cell: Job) -> tuple[float, float]:
        """Tokens that fine-tuning trains on at its most, and the updates that it takes."""
        from nlp_ssl.tasks.splits import selection_size

        grid, task = self.grid, self.tasks[cell.about["task"]]
        N, protocol = cell.about["train_examples"] or task.counts["train"], grid.protocol
        epochs = protocol.epochs or usual_epochs(N)
        examples = epochs * (len(protocol.learning_rates) * (N - selection_size(N)) + grid.finetune_seeds * N)
        networks = 2 if self._with_untrained(cell) else 1
        batch_size = protocol.batch_size or usual_batch_size(N)
        return networks * examples * self.lengths[task.task.name], networks * examples / batch_size

    def _probed(self, cell: Job) -> tuple[float, float]:
        """Tokens that are only read, for the vectors of all examples, in those of training: three times as dear."""
        task = self.tasks[cell.about["task"]]
        train = cell.about["train_examples"] or task.counts["train"]
        examples = train + sum(n for split, n in task.counts.items() if split != "train")
        networks = 1 + (self.grid.finetune_seeds if self._with_untrained(cell) else 0)
        return networks * examples * self.lengths[task.task.name] / FORWARD, 0

    def _paired(self, cell: Job) -> tuple[float, float]:
        """The same for minimal pairs: a model of masked tokens reads a sentence once for each of its tokens."""
        lengths = self.pairs[cell.about["task"]]
        masked = self.grid.recipes[cell.about["model"]].mixture.body == "encoder"
        return float((lengths * (lengths - 2) if masked else lengths).sum()) / FORWARD, 0

    def _with_untrained(self, cell: Job) -> bool:
        """Whether a cell is the first of its seed with its untrained network, which the others take from it."""
        if "snapshot" in cell.about:
            return False
        first = next(name for name in self.grid.recipes if self.grid.untrained(name) == cell.about["untrained"])
        return bool(first == cell.about["model"])

    def _mean_length(self, task: LabelledTask) -> float:
        """Tokens of an example, special ones included, as a model reads it."""
        texts = [task.sample.texts, *([] if task.sample.pairs is None else [task.sample.pairs])]
        lengths = sum(self._lengths(column) for column in texts)
        return float(np.minimum(lengths, self.grid.max_length).mean())

    def _lengths(self, texts: Sequence[str]) -> npt.NDArray[np.int64]:
        """Tokens of each text, special ones included."""
        return np.array([len(encoded.ids) for encoded in self.tokenizer.encode_batch_fast(texts)])


def _calibrate(toml: str, folder: Path, plugins: Sequence[str]) -> Cost:
    """What pretraining by a recipe costs: in a process of its own, since it needs torch, and may need much memory."""
    from nlp_ssl.corpus.store import Corpus
    from nlp_ssl.corpus.vocabulary import Vocabulary
    from nlp_ssl.training.budget import Estimate
    from nlp_ssl.training.pretrain import Pretrain, usable_examples
    from nlp_ssl.training.run import make_trainer

    registry.load_plugins(plugins)
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
        return Estimate(make_trainer(options, vocabulary, text, examples)).cost()
