"""`nlp-ssl probe`: a pretrained run and a labelled task -> what its frozen vectors know of it, beside baselines.

The protocol, the same for every set of vectors, on the examples that `nlp_ssl.evaluation.experiment` gives to each:

1. Each text becomes one vector (`nlp_ssl.evaluation.network.Encoder`), each text or pair some features
   (`nlp_ssl.evaluation.frozen`). The network is not trained.
2. A linear probe and nearest neighbours learn from the examples to choose on, for each strength of the
   regularisation and each number of neighbours. The best on the held-out part of train is chosen; ties go to the
   stronger regularisation and to more neighbours.
3. Both learn from all N examples, and are scored on dev.

Nothing is drawn for the pretrained network, so it has one score. The seeds are for the baselines: they draw the
weights of "the same network, untrained", and the word vectors of "random vectors": the mean of one random vector for
each token of the text, as wide as the network's. What is finished is kept in OUT/parts and never run again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import tyro

from nlp_ssl.console import progress
from nlp_ssl.evaluation.experiment import Experiment, TaskOptions, score_task
from nlp_ssl.evaluation.result_cache import CachedResult

if TYPE_CHECKING:
    from nlp_ssl.evaluation.frozen import Floats
    from nlp_ssl.evaluation.scores import Row
    from nlp_ssl.tasks.splits import LabelledExamples

Vectors = Literal["random", "untrained", "pretrained"]


@dataclass(frozen=True, kw_only=True)
class Probe(TaskOptions):
    """Score the frozen vectors of a pretrained model on a labelled task: a linear probe and nearest neighbours."""

    command: ClassVar = "probe"

    seeds: int = 3
    """Untrained networks and sets of random vectors to compare with; the pretrained network has one score."""
    baselines: bool = True
    """Also score the majority class, TF-IDF with a linear model, random vectors, and the same network untrained."""


def main(arguments: Sequence[str]) -> int:
    """The command."""
    probe(tyro.cli(Probe, prog="nlp-ssl probe", args=list(arguments)))
    return 0


def probe(options: Probe) -> dict[str, Any]:
    """Score the frozen vectors, print the table and write OUT; returns what is in OUT/scores.json.

    InputError for options, data or a model that cannot be used, before anything is written.
    """
    return score_task(_Probing, options)


class _Probing(Experiment[Probe]):
    """Vectors of frozen networks, with models on them."""

    def settings(self) -> dict[str, Any]:
        from nlp_ssl.evaluation.frozen import NEIGHBOURS, STRENGTHS

        return {"strengths": list(STRENGTHS), "neighbours": list(NEIGHBOURS)}

    def inputs(self) -> dict[str, LabelledExamples]:
        """Texts one by one: of pairs all first ones, then all second ones."""
        from nlp_ssl.tasks.splits import LabelledExamples

        named = {"train": self.train, **self.predicted}
        return {name: LabelledExamples(e.texts + (e.pairs or []), None, None) for name, e in named.items()}

    def networks(self, kind: Literal["pretrained", "untrained"], name: str) -> list[Row]:
        return self._rows(kind, name)

    def other_baselines(self) -> list[Row]:
        return self._rows("random", "random vectors")

    def _rows(self, kind: Vectors, name: str) -> list[Row]:
        """A line for each method, with one part for each seed that the vectors are drawn from."""
        from nlp_ssl.evaluation.scores import Row

        linear, near = [], []
        called, start = self.options.sample(kind)
        on = None if kind == "pretrained" else self.on_untrained
        for s in (None,) if kind == "pretrained" else range(1, self.options.seeds + 1):
            seed = None if s is None else start + s
            # Once for both methods, and only if one of them is not done yet.
            features = cache(lambda seed=seed: self._features(kind, seed))
            part_name, drawn = (called, {}) if seed is None else (f"{called}-seed{s}", {"seed": seed})
            linear.append(self.parts.part(f"{part_name}-probe", lambda f=features, d=drawn: self._linear(f(), d), on))  # type: ignore[misc]
            near.append(self.parts.part(f"{part_name}-knn", lambda f=features, d=drawn: self._nearest(f(), d), on))  # type: ignore[misc]
        return [
            Row(kind, f"{name}, linear probe", linear, method="probe"),
            Row(kind, f"{name}, nearest neighbours", near, method="knn"),
        ]

    def _features(self, kind: Vectors, seed: int | None) -> dict[str, Floats]:
        """The features [n, D] of train and of each split that is predicted."""
        from nlp_ssl.evaluation.frozen import pair_features, random_vectors
        from nlp_ssl.evaluation.network import Encoder

        config = self.checkpoint.config
        total = sum(len(tokens.lengths) for tokens in self.tokens.values())
        with progress(kind if seed is None else f"{kind}: seed {seed}", total, "texts") as job:
            if kind == "random":
                assert seed is not None
                vectors = {
                    name: random_vectors(tokens, config.vocab_size, config.hidden_size, seed)
                    for name, tokens in self.tokens.items()
                }
                job.advance(total)
            else:
                encoder = Encoder(self.checkpoint, kind == "pretrained", seed or 0, self.precision)
                vectors = {name: encoder.vectors(tokens, job.advance) for name, tokens in self.tokens.items()}
        return vectors if self.train.pairs is None else {name: pair_features(v) for name, v in vectors.items()}

    def _linear(self, features: dict[str, Floats], drawn: dict[str, int]) -> CachedResult:
        from nlp_ssl.evaluation.frozen import STRENGTHS, LinearProbe

        train, labels, classes = features["train"], self.train.labels, len(self.labels)
        assert labels is not None
        rest = len(self.to_choose_on)  # behind which the held-out part of train begins
        tried = []
        with progress("linear probe", len(STRENGTHS) + 1, "models") as job:
            for strength in STRENGTHS:
                outputs = LinearProbe(train[:rest], labels[:rest], classes, strength).outputs(train[rest:])
                tried.append({"strength": strength, "score": self.held_out_score(outputs)})
                job.advance()
            best = max(tried, key=lambda t: t["score"])["strength"]
            model = LinearProbe(train, labels, classes, best)
            job.advance()
        return CachedResult(
            {s: model.outputs(features[s]) for s in self.predicted}, {**drawn, "strength": best, "tried": tried}
        )

    def _nearest(self, features: dict[str, Floats], drawn: dict[str, int]) -> CachedResult:
        from nlp_ssl.evaluation.frozen import NEIGHBOURS, NearestNeighbours

        train, labels, classes = features["train"], self.train.labels, len(self.labels)
        assert labels is not None
        rest = len(self.to_choose_on)
        outputs = NearestNeighbours(train[:rest], labels[:rest], classes).outputs(train[rest:], NEIGHBOURS)
        scores = [self.held_out_score(o) for o in outputs]
        tried = [{"neighbours": k, "score": score} for k, score in zip(NEIGHBOURS, scores, strict=True)]
        best = max(tried, key=lambda t: t["score"])["neighbours"]
        model = NearestNeighbours(train, labels, classes)
        return CachedResult(
            {s: model.outputs(features[s], (int(best),))[0] for s in self.predicted},
            {**drawn, "neighbours": best, "tried": tried},
        )
