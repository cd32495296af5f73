"""`nlp-ssl probe`: score the frozen vectors of a pretrained model on a labelled task, beside baselines.

The protocol is the same for every set of vectors. The examples are described in `nlp_ssl.evaluation.experiment`.

1. The frozen model encodes each text, or each word in token tasks, as a vector (`nlp_ssl.evaluation.encoder`). Vectors
   of texts or pairs are turned into features (`nlp_ssl.evaluation.frozen`).
2. A linear probe and nearest neighbours are fitted to the fitting examples, for each C and each number of neighbours.
   The best on the selection part is chosen; ties go to the smaller C and to more neighbours. Token tasks have no
   nearest neighbours, because comparing every word of dev with every word of train is too slow.
3. Both are fitted to all N examples and scored.

A seed determines the draw of training examples, random initialisations and random vectors (a random embedding of the
vocabulary with the model's hidden size, averaged over the tokens of a text). A pretrained model has one score if there
is one draw, because its probe is deterministic. Finished results are kept in OUT/parts and never computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, ClassVar

from nlp_ssl.console import progress
from nlp_ssl.evaluation.experiment import Experiment
from nlp_ssl.evaluation.options import TaskOptions, task_notes
from nlp_ssl.evaluation.result_cache import CachedResult
from nlp_ssl.evaluation.score_task import score_task
from nlp_ssl.evaluation.scored_model import ScoredModel
from nlp_ssl.options import parse

if TYPE_CHECKING:
    from nlp_ssl.evaluation.frozen import Floats
    from nlp_ssl.evaluation.inputs import Tokens
    from nlp_ssl.evaluation.scores import Row
    from nlp_ssl.tasks.draws import Draw
    from nlp_ssl.tasks.kinds.base import Array
    from nlp_ssl.tasks.splits import LabelledExamples


@dataclass(frozen=True, kw_only=True)
class Probe(TaskOptions):
    """Score the frozen vectors of a pretrained model on a labelled task: a linear probe and nearest neighbours."""

    command: ClassVar = "probe"

    seeds: int = 3
    """Number of draws of training examples, random initialisations and sets of random vectors."""
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


@dataclass(frozen=True)
class _Frozen:
    """Features of frozen vectors, and the draw that a method is fitted to."""

    features: dict[str, Floats]
    """Features float32 [units, D], by name of the input."""
    covered: dict[str, Array]
    """Whether each unit is covered, bool [units], by name of the input."""
    train: Floats
    """The features of the draw."""
    train_covered: Array
    draw: Draw


class _Probing(Experiment[Probe]):
    """Probing of frozen vectors."""

    baselines = ("random_vectors", "random_init")

    def settings(self) -> dict[str, Any]:
        from nlp_ssl.evaluation.frozen import C_VALUES, NEIGHBOURS

        return {"C": list(C_VALUES), "neighbours": list(NEIGHBOURS)}

    def inputs(self) -> dict[str, LabelledExamples]:
        """Single texts, because the texts of a pair are encoded separately: all first texts, then all second texts."""
        from nlp_ssl.tasks.splits import LabelledExamples

        named = {**self.trains(), **self.predicted}
        return {name: LabelledExamples(e.texts + (e.pairs or []), None, None, e.words) for name, e in named.items()}

    def network_rows(self, model: ScoredModel) -> list[Row]:
        return self._rows(model, partial(self._encoded, model))

    def random_vector_rows(self, name: str) -> list[Row]:
        """Score random vectors; returns their rows."""
        cached_as, _ = self.options.sample("random")
        model = ScoredModel("random", name, cached_as, self.model.checkpoint, self.model.tokens, self.on_random_init)
        return self._rows(model, self._random)

    def _rows(self, model: ScoredModel, vectors: Callable[[int | None], dict[str, Floats]]) -> list[Row]:
        """Return a row for each method, with a result for each seed.

        `vectors` computes the vectors of a seed, or with None those of a pretrained model.
        """
        from nlp_ssl.evaluation.scores import Row

        is_random = model.key in ("random", "random_init")
        seeds: list[int | None] = [*self.seeds] if is_random or self.drawn else [None]
        linear, near = [], []
        _, start = self.options.sample(model.key)
        # Computed once for both methods and, if pretrained, for all seeds; and only if a result is not cached.
        features = lru_cache(1)(lambda seed: self._features(vectors(seed)))
        for seed in seeds:
            s = seed or 1
            network = start + s if is_random else None
            prefix = model.cached_as if seed is None else f"{model.cached_as}-seed{seed}"
            fit = partial(self._fit, model.tokens, partial(features, network), network, s)
            linear.append(self.cache.part(f"{prefix}-probe", partial(fit, self._linear), model.shared_by(s)))
            if self.kind.has_neighbours:
                near.append(self.cache.part(f"{prefix}-knn", partial(fit, self._nearest), model.shared_by(s)))
        rows = [Row(model.key, f"{model.name}, linear probe", linear, seeds, method="probe")]
        return rows + ([Row(model.key, f"{model.name}, nearest neighbours", near, seeds, method="knn")] if near else [])

    def _fit(
        self,
        tokens: dict[str, Tokens],
        features: Callable[[], dict[str, Floats]],
        network: int | None,
        s: int,
        method: Callable[[_Frozen], CachedResult],
    ) -> CachedResult:
        """Fit a method to draw s; `network` is the seed of random weights or vectors, if any."""
        covered = {
            name: tokens[name].covered[: self.kind.units(examples)]  # a pair is one unit
            for name, examples in {**self.trains(), **self.predicted}.items()
        }
        name, draw = self.train_name(s), self.draw(s)
        found = method(_Frozen(features(), covered, features()[name], covered[name], draw))
        return CachedResult(found.outputs, {**({} if network is None else {"seed": network}), **found.facts})

    def _encoded(self, model: ScoredModel, seed: int | None) -> dict[str, Floats]:
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

        return vectors if self.draws[0].train.pairs is None else {name: pair_features(v) for name, v in vectors.items()}

    def _linear(self, frozen: _Frozen) -> CachedResult:
        """Choose C on the selection part, then fit a linear probe to all training examples and predict."""
        from nlp_ssl.evaluation.frozen import C_VALUES, LinearProbe

        train, covered, draw = frozen.train, frozen.train_covered, frozen.draw
        assert draw.train.labels is not None
        labels = self.kind.unit_labels(draw.train.labels)
        n = self.kind.units(draw.fitting)  # the selection part starts at n
        tried = []
        with progress("linear probe", len(C_VALUES) + 1, "models") as job:
            for C in C_VALUES:
                model = LinearProbe(train[:n][covered[:n]], labels[:n][covered[:n]], self.kind, C)
                selection_outputs = self.with_cut_words(model.outputs(train[n:]), covered[n:], draw)
                tried.append({"C": C, "score": self.selection_score(selection_outputs, draw)})
                job.advance()
            best = max(tried, key=lambda t: t["score"])["C"]
            model = LinearProbe(train[covered], labels[covered], self.kind, best)
            job.advance()
        outputs = {
            split: self.with_cut_words(model.outputs(frozen.features[split]), frozen.covered[split], draw)
            for split in self.predicted
        }
        return CachedResult(outputs, {"C": best, "tried": tried})

    def _nearest(self, frozen: _Frozen) -> CachedResult:
        """Choose the number of neighbours on the selection part, then predict from all training examples."""
        from nlp_ssl.evaluation.frozen import NEIGHBOURS, NearestNeighbours

        train, draw, labels = frozen.train, frozen.draw, frozen.draw.train.labels
        assert labels is not None
        n = len(draw.fitting)
        outputs = NearestNeighbours(train[:n], labels[:n], self.kind).outputs(train[n:], NEIGHBOURS)
        scores = [self.selection_score(o, draw) for o in outputs]
        tried = [{"neighbours": k, "score": score} for k, score in zip(NEIGHBOURS, scores, strict=True)]
        best = max(tried, key=lambda t: t["score"])["neighbours"]
        model = NearestNeighbours(train, labels, self.kind)
        return CachedResult(
            {split: model.outputs(frozen.features[split], (int(best),))[0] for split in self.predicted},
            {"neighbours": best, "tried": tried},
        )
