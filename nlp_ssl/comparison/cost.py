"""Estimates of what a comparison will cost, before anything starts."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nlp_ssl import recipe_files, registry
from nlp_ssl.comparison.executor import call_in_process
from nlp_ssl.comparison.jobs import Job
from nlp_ssl.comparison.plan import PILOT, Plan
from nlp_ssl.comparison.score_jobs import FEW_SHOT, MINIMAL_PAIRS
from nlp_ssl.comparison.tasks import LabelledTask
from nlp_ssl.console import duration, quantity, say, table
from nlp_ssl.corpus import tokenizer
from nlp_ssl.evaluation.few_shot import DEV_EXAMPLES
from nlp_ssl.evaluation.finetune import usual_batch_size, usual_epochs
from nlp_ssl.recipe import Recipe

if TYPE_CHECKING:
    from nlp_ssl.training.budget import Cost


FORWARD = 3
"""FLOPs of a training step relative to a forward pass: the backward pass costs twice the forward pass."""


@dataclass(frozen=True)
class JobCost:
    """Estimated cost of a job; None where it is unknown."""

    tokens: float | None = None
    flops: float | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Estimate:
    """What a comparison will cost."""

    text: str
    """A table of all jobs, and the total."""
    seconds_per_seed: float
    """Time of one more pretraining seed of every objective, with all its scores."""


def estimate(plan: Plan, at_once: int) -> Estimate:
    """The estimated cost of all jobs up to the first look, from timing a few updates of each objective."""
    costs = {}
    for name, recipe in plan.recipes.items():
        say(f"{name}: timing a few updates")
        costs[name] = call_in_process(
            _calibrate, recipe_files.dump(recipe), plan.corpus.folder, registry.loaded_plugins()
        )
    estimator = _Estimator(plan, costs)
    jobs, rows, left = plan.jobs(), [], []
    for job in jobs:
        result = job.result
        if result is None:
            left.append(estimator.cost(job))
            rows.append([job.name, "to do", *_shown(left[-1])])
        else:
            rows.append([job.name, f"done in {duration(result['seconds'])}", "", "", ""])
    seconds = sum(cost.seconds or 0 for cost in left)
    total = JobCost(sum(cost.tokens or 0 for cost in left), sum(cost.flops or 0 for cost in left), seconds)
    rows.append([f"{len(left)} of {len(jobs)} jobs to do", "", *_shown(total)])
    shared = f", or {duration(seconds / at_once)} at best with --jobs {at_once}" if at_once > 1 else ""
    known = {job.folder for job in jobs}
    further = [job for job in replace(plan, seeds=plan.seeds + 1).jobs() if job.folder not in known]
    per_seed = sum(estimator.cost(job).seconds or 0 for job in further)
    text = (
        f"{table(('job', '', 'tokens', 'FLOPs', 'time'), rows)}\n\n"
        f"About {duration(seconds)} in total{shared}.{_of_further_looks(plan, seconds, per_seed)} "
        "Times of scoring follow from the measured pretraining speed. "
        "The estimate assumes that fine-tuning uses all epochs. Jobs without an estimate take seconds to "
        "minutes each, as do TF-IDF and fitting a probe."
    )
    return Estimate(text, per_seed / at_once)


def _of_further_looks(plan: Plan, seconds: float, per_seed: float) -> str:
    """What the comparison costs at most if it grows; empty if it does not."""
    more = plan.looks[-1] - plan.seeds
    return f" At most {duration(seconds + more * per_seed)} with {plan.looks[-1]} seeds." if more else ""


def _shown(cost: JobCost) -> list[str]:
    tokens, flops = ("" if n is None else quantity(n) for n in (cost.tokens, cost.flops))
    return [tokens, flops, "" if cost.seconds is None else duration(cost.seconds)]


class _Estimator:
    """Estimates the cost of jobs from the number of tokens that the models process."""

    def __init__(self, plan: Plan, costs: Mapping[str, Cost]) -> None:
        self.plan, self.costs = plan, dict(costs)
        for model in plan.existing.values():  # others have no estimate
            if model.starts:
                self.costs[model.name] = costs[model.starts[0]]
        self.tokenizer = tokenizer.load_backend_tokenizer(plan.corpus.tokenizer_folder)
        self.tasks = {task.name: task for task in plan.tasks}
        self.lengths = {name: self._mean_length(task) for name, task in self.tasks.items()}
        self.pairs = {}
        for pairs in plan.minimal_pairs:
            found = pairs.read()
            self.pairs[pairs.name] = self._lengths(found.good + found.bad)

    def cost(self, job: Job) -> JobCost:
        """Estimated cost of an unfinished job."""
        if job.kind == "pretrain":
            cost = self.costs[job.about["model"]]
            share = PILOT if "learning_rate" in job.about else 1.0
            return JobCost(share * cost.tokens, share * cost.flops, share * cost.seconds)
        passes = {
            "finetune": self._finetuned,
            "probe": self._probed,
            MINIMAL_PAIRS: self._paired,
            FEW_SHOT: self._prompted,
        }.get(job.kind)
        if passes is None or job.about["model"] not in self.costs:
            return JobCost()
        cost = self.costs[job.about["model"]]
        tokens, updates = passes(job)
        flops = tokens * cost.body_flops_per_token
        if not updates:
            return JobCost(None, flops, flops * cost.seconds / cost.flops)
        # Fine-tuning uses small batches, where the time per update outweighs the arithmetic.
        of_arithmetic = max(cost.seconds - cost.steps * cost.update_seconds, 0) / cost.flops
        return JobCost(None, flops, updates * cost.update_seconds + flops * of_arithmetic)

    def _finetuned(self, job: Job) -> tuple[float, float]:
        """Maximum number of training tokens and of updates in fine-tuning."""
        from nlp_ssl.tasks.draws import selection_size

        plan, task = self.plan, self.tasks[job.about["task"]]
        N, protocol = job.about["train_examples"] or task.counts["train"], plan.protocol
        epochs = protocol.epochs or usual_epochs(N)
        examples = epochs * (len(protocol.learning_rates) * (N - selection_size(N)) + plan.finetune_seeds * N)
        updates = examples / (protocol.batch_size or usual_batch_size(N))
        predicted = plan.finetune_seeds * self._predicted(task, N) / FORWARD
        networks = 2 if self._with_random_init(job) else 1
        return networks * (examples + predicted) * self.lengths[task.name], networks * updates

    def _probed(self, job: Job) -> tuple[float, float]:
        """Tokens of forward passes over all examples, in training tokens (which cost `FORWARD` times as much)."""
        task = self.tasks[job.about["task"]]
        N = job.about["train_examples"] or task.counts["train"]
        draws = self.plan.finetune_seeds if task.counts["train"] > N else 1
        examples = draws * N + self._predicted(task, N)
        networks = 1 + (self.plan.finetune_seeds if self._with_random_init(job) else 0)
        return networks * examples * self.lengths[task.name] / FORWARD, 0

    def _predicted(self, task: LabelledTask, N: int) -> int:
        """The number of predicted examples: of all splits but train, and of train's unused ones."""
        from nlp_ssl.tasks.draws import MOST_UNUSED

        unused = min(task.counts["train"] - N, MOST_UNUSED) if task.task.dev_extends else 0
        return unused + sum(n for split, n in task.counts.items() if split != "train")

    def _paired(self, job: Job) -> tuple[float, float]:
        """Tokens for minimal pairs, in training tokens; a masked model reads each sentence once per token."""
        lengths = self.pairs[job.about["task"]]
        masked = self.plan.models[job.about["model"]].body == "encoder"
        return float((lengths * (lengths - 2) if masked else lengths).sum()) / FORWARD, 0

    def _prompted(self, job: Job) -> tuple[float, float]:
        """Tokens of all labels after all prompts, in training tokens: also with random labels, if there are any."""
        task, shots = self.tasks[job.about["task"]], job.about["train_examples"]
        longest = (shots + 1) * self.lengths[task.name]
        if job.about["model"] in self.plan.recipes:
            longest = min(longest, self.plan.recipes[job.about["model"]].batch.max_length)
        prompts = min(task.counts[task.task.evaluation_splits[0]], DEV_EXAMPLES) * len(task.labels)
        return (2 if shots else 1) * job.networks * prompts * longest / FORWARD, 0

    def _with_random_init(self, job: Job) -> bool:
        """Whether a job scores its random initialisation; later jobs with the same one reuse the scores."""
        if "snapshot" in job.about:
            return False
        first = next(name for name in self.plan.recipes if self.plan.random_init(name) == job.about["random_init"])
        return bool(first == job.about["model"])

    def _mean_length(self, task: LabelledTask) -> float:
        """Mean number of tokens of an example as a model reads it, with special tokens and a text to write."""
        texts = [task.sample.texts, *([] if task.sample.pairs is None else [task.sample.pairs])]
        lengths = np.minimum(sum(self._lengths(column) for column in texts), self.plan.max_length)
        targets = task.sample.targets
        written = 0 if targets is None else np.minimum(self._lengths(targets), self.plan.max_length)
        return float((lengths + written).mean())

    def _lengths(self, texts: Sequence[str]) -> npt.NDArray[np.int64]:
        """Number of tokens of each text, with special tokens."""
        return np.array([len(encoded.ids) for encoded in self.tokenizer.encode_batch_fast(texts)])


def _calibrate(toml: str, folder: Path, plugins: Sequence[str]) -> Cost:
    """Cost of pretraining with a recipe. Runs in its own process: it imports torch and may need much memory."""
    from nlp_ssl.corpus.store import Corpus
    from nlp_ssl.corpus.vocabulary import Vocabulary
    from nlp_ssl.models.initial import Initial
    from nlp_ssl.training.budget import Estimate as Timing
    from nlp_ssl.training.pretrain import Pretrain, usable_examples
    from nlp_ssl.training.run import make_trainer

    registry.load_plugins(plugins)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "recipe.toml"
        file.write_text(toml, encoding="utf-8")
        recipe = recipe_files.load(str(file))
        kind = recipe_files.recipe_type(tuple(recipe.mixture.objectives), Pretrain)
        values = {field.name: getattr(recipe, field.name) for field in fields(Recipe)}
        options = kind(**values, corpus=folder, out=Path(scratch))
        corpus = Corpus.open(folder)
        vocabulary = Vocabulary.of(corpus)
        text, examples = usable_examples(corpus, vocabulary, "train", options)
        initial = None if recipe.init is None else Initial.open(recipe.init, recipe.mixture.body, corpus)
        return Timing(make_trainer(options, vocabulary, text, examples, initial)).cost()
