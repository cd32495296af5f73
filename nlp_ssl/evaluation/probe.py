"""`nlp-ssl probe`: score the frozen vectors of a pretrained model on a labelled task, beside baselines.

The protocol, the same for every set of vectors, on the examples of `nlp_ssl.evaluation.experiment`:

1. Each text becomes one vector, each word in token tasks (`nlp_ssl.evaluation.encoder`); each text or pair becomes
   features (`nlp_ssl.evaluation.frozen`). The network is not trained.
2. A linear probe and nearest neighbours are fitted to the fitting examples, for each C and each number of neighbours.
   The best on the selection part is chosen; ties go to the smaller C and to more neighbours. Token tasks have no
   nearest neighbours: every word of dev beside every word of train is too much work.
3. Both are fitted to all N examples and scored on dev.

The pretrained model has one score, as nothing is drawn. Seeds are for the baselines: they draw the weights of random
initialisations and the word vectors of "random vectors" (the mean of one random vector for each token of the text, as
wide as the network's). Finished results are kept in OUT/parts and never computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, ClassVar

from nlp_ssl.console import progress
from nlp_ssl.evaluation.experiment import Experiment, Model, score_task
from nlp_ssl.evaluation.options import TaskOptions
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
    """The command."""
    probe(parse(Probe, "probe", arguments))
    return 0


def probe(options: Probe) -> dict[str, Any]:
    """Score the frozen vectors, print the table and write OUT; returns the content of OUT/scores.json.

    Raises InputError for unusable options, data or models, before anything is written.
    """
    return score_task(_Probing, options)


class _Probing(Experiment[Probe]):
    """Frozen vectors under simple models."""

    baselines = ("random_vectors", "random_init")

    def settings(self) -> dict[str, Any]:
        from nlp_ssl.evaluation.frozen import C_VALUES, NEIGHBOURS

        return {"C": list(C_VALUES), "neighbours": list(NEIGHBOURS)}

    def inputs(self) -> dict[str, LabelledExamples]:
        """Texts one by one: of pairs all first texts, then all second texts."""
        from nlp_ssl.tasks.splits import LabelledExamples

        named = {"train": self.train, **self.predicted}
        return {name: LabelledExamples(e.texts + (e.pairs or []), None, None, e.words) for name, e in named.items()}

    def network_rows(self, model: Model) -> list[Row]:
        vectors = partial(self._encoded, model)
        return self._rows(model.key, model.name, model.cached_as, model.depends_on, model.tokens, vectors)

    def random_vector_rows(self, name: str) -> list[Row]:
        """The rows of random word vectors."""
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
        """A row for each method, with a result for each seed that the vectors are drawn from."""
        from nlp_ssl.evaluation.scores import Row

        linear, near = [], []
        _, start = self.options.sample(key)
        drawn = key in ("random", "random_init")
        for s in range(1, self.options.seeds + 1) if drawn else (None,):
            seed = None if s is None else start + s
            # Once for both methods, and only if one of them is not cached yet.
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
        """The vectors of a network [units, H], by split."""
        from nlp_ssl.evaluation.encoder import Encoder

        total = sum(len(tokens.lengths) for tokens in model.tokens.values())
        with progress(model.name if seed is None else f"{model.name}: seed {seed}", total, "texts") as job:
            encoder = Encoder(model.checkpoint, model.pretrained, seed or 0, self.precision)
            return {name: encoder.vectors(tokens, job.advance) for name, tokens in model.tokens.items()}

    def _random(self, seed: int | None) -> dict[str, Floats]:
        """Random vectors [units, H], by split."""
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

    def _linear(self, features: dict[str, Floats], tokens: dict[str, Tokens], drawn: dict[str, int]) -> CachedResult:
        """A linear probe with the best C."""
        from nlp_ssl.evaluation.frozen import C_VALUES, LinearProbe

        assert self.train.labels is not None
        train, labels = features["train"], self.kind.unit_labels(self.train.labels)
        read, rest = self._covered("train", tokens), self.kind.units(self.fitting)  # the selection part begins at rest
        tried = []
        with progress("linear probe", len(C_VALUES) + 1, "models") as job:
            for C in C_VALUES:
                model = LinearProbe(train[:rest][read[:rest]], labels[:rest][read[:rest]], self.kind, C)
                selected = self.with_cut_words(model.outputs(train[rest:]), read[rest:])
                tried.append({"C": C, "score": self.selection_score(selected)})
                job.advance()
            best = max(tried, key=lambda t: t["score"])["C"]
            model = LinearProbe(train[read], labels[read], self.kind, best)
            job.advance()
        outputs = {
            split: self.with_cut_words(model.outputs(features[split]), self._covered(split, tokens))
            for split in self.predicted
        }
        return CachedResult(outputs, {**drawn, "C": best, "tried": tried})

    def _nearest(self, features: dict[str, Floats], drawn: dict[str, int]) -> CachedResult:
        """Nearest neighbours with the best number of them."""
        from nlp_ssl.evaluation.frozen import NEIGHBOURS, NearestNeighbours

        train, labels = features["train"], self.train.labels
        assert labels is not None
        rest = len(self.fitting)
        outputs = NearestNeighbours(train[:rest], labels[:rest], self.kind).outputs(train[rest:], NEIGHBOURS)
        scores = [self.selection_score(o) for o in outputs]
        tried = [{"neighbours": k, "score": score} for k, score in zip(NEIGHBOURS, scores, strict=True)]
        best = max(tried, key=lambda t: t["score"])["neighbours"]
        model = NearestNeighbours(train, labels, self.kind)
        return CachedResult(
            {s: model.outputs(features[s], (int(best),))[0] for s in self.predicted},
            {**drawn, "neighbours": best, "tried": tried},
        )

    def _covered(self, split: str, tokens: dict[str, Tokens]) -> Array:
        """Whether the model reads each unit of a split [units]; of pairs, both texts are one unit."""
        return tokens[split].covered[: self.kind.units(self.train if split == "train" else self.predicted[split])]
