"""`nlp-ssl probe`: score the frozen vectors of a pretrained model on a labelled task, beside baselines.

The protocol is the same for every set of vectors. The examples are described in `nlp_ssl.evaluation.experiment`.

1. The frozen model encodes each text, or each word in token tasks, as a vector (`nlp_ssl.evaluation.encoder`). Vectors
   of texts or pairs are turned into features (`nlp_ssl.evaluation.frozen`).
2. A linear probe and nearest neighbours are fitted to the fitting examples, for each C and each number of neighbours.
   The best on the selection part is chosen; ties go to the smaller C and to more neighbours. Token tasks have no
   nearest neighbours, because comparing every word of dev with every word of train is too slow.
3. Both are fitted to all N examples and scored on dev.

The pretrained model has one score, because its probe is deterministic. Seeds apply to the baselines: they determine
random initialisations and random vectors (a random embedding of the vocabulary with the model's hidden size, averaged
over the tokens of a text). Finished results are kept in OUT/parts and never computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, ClassVar

from nlp_ssl.console import progress
from nlp_ssl.evaluation.experiment import Experiment, Model, score_task
from nlp_ssl.evaluation.options import TaskOptions, task_notes
from nlp_ssl.evaluation.result_cache import CachedResult
from nlp_ssl.options import parse

if TYPE_CHECKING:
    from nlp_ssl.evaluation.frozen import Floats
    from nlp_ssl.evaluation.inputs import Tokens
    from nlp_ssl.evaluation.scores import Row
    from nlp_ssl.tasks.kinds.base import Array
    from nlp_ssl.tasks.splits import LabelledExamples


@dataclass(frozen=True, kw_only=True)
class Probe(TaskOptions):
    """Score the frozen vectors of a pretrained model on a labelled task: a linear probe and nearest neighbours."""

    command: ClassVar = "probe"

    seeds: int = 3
    """Number of random initialisations and sets of random vectors; the pretrained model has one score."""
    baselines: bool = True
    """Also score simple baselines, random vectors and random initialisation."""


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    probe(parse(Probe, "probe", arguments, notes=task_notes))
    return 0


def probe(options: Probe) -> dict[str, Any]:
    """Score the frozen vectors, print the table and write OUT. Returns the content of OUT/scores.json.

    Raises InputError for unusable options, data or models, before anything is written.
    """
    return score_task(_Probing, options)


class _Probing(Experiment[Probe]):
    """Probing of frozen vectors."""

    baselines = ("random_vectors", "random_init")

    def settings(self) -> dict[str, Any]:
        from nlp_ssl.evaluation.frozen import C_VALUES, NEIGHBOURS

        return {"C": list(C_VALUES), "neighbours": list(NEIGHBOURS)}

    def inputs(self) -> dict[str, LabelledExamples]:
        """Single texts, because the texts of a pair are encoded separately: all first texts, then all second texts."""
        from nlp_ssl.tasks.splits import LabelledExamples

        named = {"train": self.train, **self.predicted}
        return {name: LabelledExamples(e.texts + (e.pairs or []), None, None, e.words) for name, e in named.items()}

    def network_rows(self, model: Model) -> list[Row]:
        vectors = partial(self._encoded, model)
        return self._rows(model.key, model.name, model.cached_as, model.depends_on, model.tokens, vectors)

    def random_vector_rows(self, name: str) -> list[Row]:
        """Score random vectors; returns their rows."""
        cached_as, _ = self.options.sample("random")
        return self._rows("random", name, cached_as, self.on_random_init, self.model.tokens, self._random)

    def _rows(
        self,
        key: str,
        name: str,
        cached_as: str,
        on: dict[str, Any] | None,
        tokens: dict[str, Tokens],
        vectors: Callable[[int | None], dict[str, Floats]],
    ) -> list[Row]:
        """Return a row for each method, with a result for each seed; pretrained models have one result."""
        from nlp_ssl.evaluation.scores import Row

        linear, near = [], []
        _, start = self.options.sample(key)
        is_random = key in ("random", "random_init")
        for s in range(1, self.options.seeds + 1) if is_random else (None,):
            seed = None if s is None else start + s
            # Computed once for both methods, and only if a result is not cached.
            features = cache(lambda seed=seed: self._features(vectors(seed)))
            prefix, facts = (cached_as, {}) if seed is None else (f"{cached_as}-seed{s}", {"seed": seed})
            linear.append(
                self.cache.part(f"{prefix}-probe", lambda f=features, d=facts: self._linear(f(), tokens, d), on)  # type: ignore[misc]
            )
            if self.kind.has_neighbours:
                near.append(self.cache.part(f"{prefix}-knn", lambda f=features, d=facts: self._nearest(f(), d), on))  # type: ignore[misc]
        rows = [Row(key, f"{name}, linear probe", linear, method="probe")]
        return rows + ([Row(key, f"{name}, nearest neighbours", near, method="knn")] if near else [])

    def _encoded(self, model: Model, seed: int | None) -> dict[str, Floats]:
        """The vectors of a model, float32 [units, H], by split."""
        from nlp_ssl.evaluation.encoder import Encoder

        total = sum(len(tokens.lengths) for tokens in model.tokens.values())
        with progress(model.name if seed is None else f"{model.name}: seed {seed}", total, "texts") as job:
            encoder = Encoder(model.checkpoint, model.pretrained, seed or 0, self.precision)
            return {name: encoder.vectors(tokens, job.advance) for name, tokens in model.tokens.items()}

    def _random(self, seed: int | None) -> dict[str, Floats]:
        """Random vectors, float32 [units, H], by split."""
        from nlp_ssl.evaluation.frozen import random_vectors

        assert seed is not None
        config = self.model.checkpoint.config
        return {
            name: random_vectors(tokens, config.vocab_size, config.hidden_size, seed)
            for name, tokens in self.model.tokens.items()
        }

    def _features(self, vectors: dict[str, Floats]) -> dict[str, Floats]:
        from nlp_ssl.evaluation.frozen import pair_features

        return vectors if self.train.pairs is None else {name: pair_features(v) for name, v in vectors.items()}

    def _linear(self, features: dict[str, Floats], tokens: dict[str, Tokens], facts: dict[str, int]) -> CachedResult:
        """Choose C on the selection part, then fit a linear probe to all training examples and predict."""
        from nlp_ssl.evaluation.frozen import C_VALUES, LinearProbe

        assert self.train.labels is not None
        train, labels = features["train"], self.kind.unit_labels(self.train.labels)
        covered, n = self._covered("train", tokens), self.kind.units(self.fitting)  # the selection part starts at n
        tried = []
        with progress("linear probe", len(C_VALUES) + 1, "models") as job:
            for C in C_VALUES:
                model = LinearProbe(train[:n][covered[:n]], labels[:n][covered[:n]], self.kind, C)
                selection_outputs = self.with_cut_words(model.outputs(train[n:]), covered[n:])
                tried.append({"C": C, "score": self.selection_score(selection_outputs)})
                job.advance()
            best = max(tried, key=lambda t: t["score"])["C"]
            model = LinearProbe(train[covered], labels[covered], self.kind, best)
            job.advance()
        outputs = {
            split: self.with_cut_words(model.outputs(features[split]), self._covered(split, tokens))
            for split in self.predicted
        }
        return CachedResult(outputs, {**facts, "C": best, "tried": tried})

    def _nearest(self, features: dict[str, Floats], facts: dict[str, int]) -> CachedResult:
        """Choose the number of neighbours on the selection part, then predict from all training examples."""
        from nlp_ssl.evaluation.frozen import NEIGHBOURS, NearestNeighbours

        train, labels = features["train"], self.train.labels
        assert labels is not None
        n = len(self.fitting)
        outputs = NearestNeighbours(train[:n], labels[:n], self.kind).outputs(train[n:], NEIGHBOURS)
        scores = [self.selection_score(o) for o in outputs]
        tried = [{"neighbours": k, "score": score} for k, score in zip(NEIGHBOURS, scores, strict=True)]
        best = max(tried, key=lambda t: t["score"])["neighbours"]
        model = NearestNeighbours(train, labels, self.kind)
        return CachedResult(
            {s: model.outputs(features[s], (int(best),))[0] for s in self.predicted},
            {**facts, "neighbours": best, "tried": tried},
        )

    def _covered(self, split: str, tokens: dict[str, Tokens]) -> Array:
        """Whether each unit of a split is covered, bool [units]; a pair is one unit."""
        return tokens[split].covered[: self.kind.units(self.train if split == "train" else self.predicted[split])]
