"""The batches of a run: the examples of each step, their order and their padded length.

Examples of similar length share a batch with a fixed budget of tokens. Batches have one of a few padded lengths, chosen
to minimise padding. A batch is a pure function of (seed, step), with a schedule also of the number of steps. Resuming
therefore needs no stored state. Workers and processes find their parts of a batch without communication.
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.sampling.batch import Batch, check
from nlp_ssl.sampling.examples import Body, ExampleIndex, ExampleType, TokenStream
from nlp_ssl.sampling.framing import frame
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.order import permute

MAX_WIDTHS = 24
"""Maximum number of padded lengths. Each one is compiled separately; more of them need less padding."""

PADDING_AIM = 0.03
"""Share of padding below which no more padded lengths are added."""

STEPS_PLANNED = 64
"""Number of steps that are planned together, to share the cost of planning."""


class Corruption(Protocol):
    """The part of an objective or a mixture that batches need."""

    @property
    def example_type(self) -> ExampleType:
        """Type of the examples."""

    @property
    def body(self) -> Body:
        """Body that the special tokens suit."""

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Return a corrupted batch with targets, from a clean one."""


class Batches:
    """The batches of one objective over one split: `batches[step]` is a list of micro-batches.

    The examples of a step are divided among `processes` x `accumulation` micro-batches. Indexing returns the
    `accumulation` micro-batches of process `rank`. `tokens` is the size of a step's whole batch, including special
    tokens and padding.
    """

    def __init__(
        self,
        text: TokenStream,
        examples: ExampleIndex,
        vocabulary: Vocabulary,
        objective: Corruption,
        *,
        seed: int,
        tokens: int,
        accumulation: int = 1,
        rank: int = 0,
        processes: int = 1,
    ) -> None:
        self.text, self.examples, self.vocabulary = text, examples, vocabulary
        self.objective, self.seed = objective, seed
        self.accumulation, self.rank, self.processes = accumulation, rank, processes
        self._run_steps: int | None = None
        framed = examples.length + examples.special  # [N]
        self.widths = best_widths(np.bincount(framed))
        bucket = np.searchsorted(self.widths, framed)
        self._members = np.argsort(bucket, kind="stable")  # [N] examples, one bucket after another
        self._sizes = np.bincount(bucket, minlength=len(self.widths))  # [buckets] examples
        self._steps = -(-self._sizes // np.maximum(1, tokens // self.widths))  # [buckets] in an epoch
        self._planned: dict[int, list[tuple[int, npt.NDArray[np.int64]]]] = {}

    def __len__(self) -> int:
        """Number of steps in an epoch. Each example occurs once in an epoch."""
        return int(self._steps.sum())

    def in_run(self, steps: int) -> Batches:
        """These batches in a run of `steps` steps. Others have the noise of the end of a run."""
        twin = copy(self)
        twin._run_steps = steps
        return twin

    @property
    def padding(self) -> float:
        """The share of an epoch's tokens that is padding."""
        used = self.examples.length.sum() + len(self.examples) * self.examples.special
        return float(1 - used / (self._sizes * self.widths).sum())

    def __getitem__(self, step: int) -> list[Batch]:
        bucket, rows = self._plan(step)
        first, parts = self.rank, self.processes * self.accumulation
        return [
            self._make(rows[part::parts], int(self.widths[bucket]), step, rows[:1])
            for part in range(first, parts, self.processes)
        ]

    def _make(self, rows: npt.NDArray[np.int64], width: int, step: int, stand_in: npt.NDArray[np.int64]) -> Batch:
        """The micro-batch of the examples `rows` of a step.

        If a step has fewer examples than micro-batches, `rows` can be empty. The micro-batch then has the example
        `stand_in`, without targets.
        """
        use = rows if len(rows) else stand_in
        done = 1.0 if self._run_steps is None else step / self._run_steps
        noise = Noise(self.seed, step // len(self), use, done)
        start, length = self.examples.start[use], self.examples.length[use].astype(np.int64)
        kind, body = self.objective.example_type, self.objective.body
        clean = frame(self.text, self.vocabulary, kind, body, start, length, width, noise)
        if self.examples.example_class is not None:
            clean = replace(clean, example_class=self.examples.example_class[use])
        batch = self.objective.corrupt(clean, self.vocabulary, noise)
        check(batch, self.vocabulary, "batch")
        if len(rows):
            return batch
        nothing = {name: targets.without_targets() for name, targets in batch.targets.items()}
        return replace(batch, text_tokens=np.zeros_like(batch.text_tokens), targets=nothing)

    def _plan(self, step: int) -> tuple[int, npt.NDArray[np.int64]]:
        """The bucket and the examples of a step."""
        block = step // STEPS_PLANNED
        if block not in self._planned:
            self._planned = {block: self._plan_block(block)}
        return self._planned[block][step % STEPS_PLANNED]

    def _plan_block(self, block: int) -> list[tuple[int, npt.NDArray[np.int64]]]:
        """The bucket and the examples of each of `STEPS_PLANNED` steps."""
        steps = block * STEPS_PLANNED + np.arange(STEPS_PLANNED)
        epochs, nth = np.divmod(steps, len(self))
        plan: dict[int, tuple[int, npt.NDArray[np.int64]]] = {}
        past = np.cumsum(self._steps)
        before = np.cumsum(self._sizes) - self._sizes
        for epoch in np.unique(epochs):
            here = np.flatnonzero(epochs == epoch)
            batch = permute(nth[here], len(self), self.seed, int(epoch), "batches")
            buckets = np.searchsorted(past, batch, side="right")
            for bucket in np.unique(buckets):
                member = here[buckets == bucket]
                size, count = int(self._sizes[bucket]), int(self._steps[bucket])
                which = batch[buckets == bucket] - (past[bucket] - count)  # batches within the bucket
                low, high = which * size // count, (which + 1) * size // count  # sizes differ by at most one
                slots = np.concatenate([np.arange(a, b) for a, b in zip(low, high, strict=True)])
                order = permute(slots, size, self.seed, int(epoch), "examples", int(bucket))
                examples = self._members[before[bucket] + order]
                parts = np.split(examples, np.cumsum(high - low)[:-1])
                plan |= {int(i): (int(bucket), part) for i, part in zip(member, parts, strict=True)}
        return [plan[i] for i in range(STEPS_PLANNED)]


def best_widths(histogram: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The padded lengths: as few as keep padding within `PADDING_AIM`, at most `MAX_WIDTHS`; ascending.

    `histogram[n]` counts the examples of length n. Each example is padded to the smallest of these lengths that holds
    it. Dynamic programming finds the lengths with the least padding for their number.
    """
    lengths = np.flatnonzero(histogram)
    count = np.concatenate([[0], np.cumsum(histogram[lengths])])  # [K + 1] examples below each length
    used = float((histogram[lengths] * lengths).sum())
    # cost[i, j]: tokens if the examples of lengths i..j-1 are padded to lengths[j-1]
    cost = (count[None, :] - count[:, None]) * np.concatenate([[0], lengths])[None, :].astype(np.float64)
    cost[np.tril_indices(len(count))] = np.inf
    best = cost[0]  # tokens of the first j lengths with one padded length
    cuts: list[npt.NDArray[np.int64]] = []
    while best[-1] > used / (1 - PADDING_AIM) and len(cuts) + 1 < MAX_WIDTHS:
        total = best[:, None] + cost
        cuts.append(total.argmin(axis=0))
        best = total.min(axis=0)
    ends = [len(lengths)]
    for cut in reversed(cuts):
        ends.append(int(cut[ends[-1]]))
    widths: npt.NDArray[np.int64] = lengths[np.array(sorted(ends)) - 1]
    return widths
