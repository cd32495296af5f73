"""Draw demonstrations, and score labels after prompts with them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nlp_ssl.console import progress
from nlp_ssl.errors import InputError
from nlp_ssl.evaluation.likelihood import EncodedSentences, Scoring
from nlp_ssl.evaluation.prompts import Ids, Prompts
from nlp_ssl.evaluation.result_cache import CachedResult
from nlp_ssl.tasks.draws import nested_order
from nlp_ssl.tasks.recurrence import recurring
from nlp_ssl.tasks.splits import LabelledExamples

CANDIDATES = 20
"""Examples looked at for each demonstration, to find some whose texts do not recur."""


def draw_demonstrations(train: LabelledExamples, dev: LabelledExamples, shots: int, seed: int) -> LabelledExamples:
    """Draw `shots` examples of `train`, with classes in proportion, in random order. The same for every model.

    Examples whose texts recur in `dev` are left out. InputError if too few remain.
    """
    candidates = train.take(nested_order(len(train), train.labels, seed)[: CANDIDATES * (shots + 1)])
    kept = np.flatnonzero(~recurring(candidates, dev))[:shots]
    if len(kept) < shots:
        raise InputError(
            f"--shots {shots}: only {len(kept)} of {len(candidates):,} examples of train have texts that dev does not "
            "repeat"
        )
    return candidates.take(np.random.default_rng([seed, shots]).permutation(kept))


def random_labels(shots: int, seed: int, labels: int) -> npt.NDArray[np.int64]:
    """A uniformly random label for each demonstration, int64 [shots]."""
    return np.random.default_rng([seed, shots, 1]).integers(labels, size=shots)


class PromptScorer:
    """Scores the labels of the examples `dev` after prompts with demonstrations from `train`."""

    def __init__(self, prompts: Prompts, train: LabelledExamples, dev: LabelledExamples) -> None:
        self.prompts, self.train, self.dev = prompts, train, dev
        self.by: Scoring = "causal" if prompts.model.kind == "causal" else "pseudo-log-likelihood"
        self.texts = prompts.texts(dev)

    def first(self, shots: int) -> EncodedSentences:
        """The first prompt with every label, for people to read."""
        return self.prompts.build(self.texts[:1], self._demonstrations(shots, False, 1)).sentences

    def result(self, shots: int, random: bool, seed: int, name: str) -> CachedResult:
        """Calibrated scores of each label in nats, `scores` float32 [n, labels], for one draw of demonstrations."""
        built = self.prompts.build([*self.texts, self.prompts.empty()], self._demonstrations(shots, random, seed))
        total = float((built.sentences.words >= 0).sum())
        with progress(name, total, "tokens") as job:
            scores = self.prompts.model.score(built.sentences, self.by, True, job.advance)
            job.advance(job.total - job.done)  # equal prompts are scored once
        of_label = scores.reshape(-1, len(self.prompts.labels))  # [n + 1, labels]
        cut = {"shortened prompts": built.shortened, "cut texts": built.cut}
        return CachedResult({"scores": of_label[:-1] - of_label[-1]}, cut)

    def _demonstrations(self, shots: int, random: bool, seed: int) -> list[tuple[Ids, int]]:
        if not shots:
            return []
        drawn = draw_demonstrations(self.train, self.dev, shots, seed)
        labels = drawn.labels
        if random:
            labels = random_labels(shots, seed, len(self.prompts.labels))
        assert labels is not None
        return list(zip(self.prompts.texts(drawn), map(int, labels), strict=True))
