"""What a run trains: one objective, or several on one body.

*Together*, the objectives work on the same example one after the other, in their order, and their losses are added
with their weights (BERT: masking and next-sentence prediction; BART: permutation, then infilling). Objectives that
share a head, as all that reconstruct a text do, are one part of the loss. *Alternating*, every example is for one of
the objectives, drawn anew each epoch with their weights as shares, and each objective is a part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.objectives.base import HeadKind, Objective, require
from nlp_ssl.sampling.batch import NO_LABEL, Batch, Ints, stack
from nlp_ssl.sampling.examples import Body, ExampleIndex, ExampleType, TokenStream
from nlp_ssl.sampling.noise import Noise

Mixing = Literal["together", "alternating"]

OF_ROWS: tuple[HeadKind, ...] = ("sequence_classification",)
"""Heads with classes of their own: two objectives never share one."""

NEIGHBOURS: tuple[HeadKind, ...] = ("previous", "next")
"""Heads that are decoders of their own, fed by the mean of an encoder's vectors; they are not saved with a model."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of the loss: a head, and the objectives that it learns from."""

    head: HeadKind
    weight: float
    objectives: tuple[Objective, ...]

    def classes(self, vocabulary: Vocabulary) -> tuple[str, ...]:
        """Names of the labels, for a head that predicts one a row."""
        return self.objectives[0].classes(vocabulary)


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Objectives by their names. ValueError where they cannot be trained as one."""

    objectives: Mapping[str, Objective]
    mixing: Mixing = "together"

    def __post_init__(self) -> None:
        kinds = {o.example for o in self.objectives.values()} - {"segment"}
        require(len(kinds) < 2, "objective", self.name, f"one example cannot be a {' and a '.join(sorted(kinds))}")
        for name, objective in self.objectives.items():
            rule = f"{name} picks its own segments, which cannot be a {' or a '.join(sorted(kinds))}"
            require(not kinds or not _picks(objective), "objective", self.name, rule)
        bodies = {o.body for o in self.objectives.values()}
        masks_a_source = bodies == {"encoder", "seq2seq"} and all(
            o.body == "seq2seq" or o.heads == ("masked_lm",) for o in self.objectives.values()
        )
        rule = f"one body cannot be a {' and a '.join(sorted(bodies))}"
        require(len(bodies) == 1 or masks_a_source, "objective", self.name, rule)
        if self.mixing == "together":
            rule = "words are thinned out once: let them alternate (mixing = 'alternating')"
            require(bodies != {"static"} or len(self.objectives) == 1, "objective", self.name, rule)
            masks = [o.heads == ("masked_lm",) for o in self.objectives.values()]
            rule = "tokens are masked in what the others leave of a text: write [objective.mlm] last"
            in_order = masks == sorted(masks) or not any(o.before_masks for o in self.objectives.values())
            require(in_order, "objective", self.name, rule)
            for head in OF_ROWS:
                both = [name for name, o in self.objectives.items() if head in o.heads]
                rule = "a row has one label: let them alternate (mixing = 'alternating')"
                require(len(both) < 2, "objective", " + ".join(both), rule)

    @property
    def name(self) -> str:
        """The objectives' names, joined."""
        return "+".join(self.objectives)

    @property
    def paper(self) -> str:
        """The objectives' papers."""
        return "; ".join(o.paper for o in self.objectives.values())

    @property
    def example(self) -> ExampleType:
        """The kind of example: the one that is more than a segment, if there is one."""
        return next((o.example for o in self.objectives.values() if o.example != "segment"), "segment")

    @property
    def body(self) -> Body:
        """The body that they train: an encoder-decoder if one of them needs it."""
        return max((o.body for o in self.objectives.values()), key=lambda body: body == "seq2seq")

    @property
    def needs(self) -> str:
        """What a corpus must have to serve, as an end of the sentence "the corpus has no …"."""
        return " and ".join(dict.fromkeys(o.needs for o in self.objectives.values()))

    @cached_property
    def parts(self) -> dict[str, Part]:
        """The parts of the loss by name: an objective's, several ones' joined by +, or that of one of its heads."""
        of_head: dict[tuple[str, HeadKind], list[str]] = {}
        for name, objective in self.objectives.items():
            for head in objective.heads:
                of_head.setdefault((name if self.mixing == "alternating" else "", head), []).append(name)
        parts = {}
        for (_, head), names in of_head.items():
            objectives = tuple(self.objectives[name] for name in names)
            several = any(len(o.heads) > 1 for o in objectives)
            weight = max(o.weight for o in objectives)
            if self.mixing == "alternating":  # its mean loss counts as often as its examples do
                weight /= sum(o.weight for o in self.objectives.values())
            parts[head if several else "+".join(names)] = Part(head=head, weight=weight, objectives=objectives)
        return parts

    def answers(self, other: Mixture, vocabulary: Vocabulary) -> dict[str, str] | None:
        """For each part of another mixture the part whose head can do it; None where one has none."""
        if self.body != other.body:
            return None
        found = {}
        for name, asked in other.parts.items():
            labels = len(asked.classes(vocabulary))
            able = [
                mine
                for mine, part in self.parts.items()
                if part.head == asked.head and len(part.classes(vocabulary)) == labels
            ]
            if not able:
                return None
            found[name] = name if name in able else able[0]
        return found

    def examples(self, text: TokenStream, vocabulary: Vocabulary, max_length: int) -> ExampleIndex:
        """The examples in a text: those of the objective that asks for most."""

        def asks_for(objective: Objective) -> tuple[bool, bool, int]:
            return _picks(objective), objective.example != "segment", objective.sentences

        asks = max(self.objectives.values(), key=asks_for)
        return asks.examples(text, vocabulary, self.body, max_length)

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """A batch with labels and sequences under the names of the parts."""
        if self.mixing == "together" or len(self.objectives) == 1:
            for objective in self.objectives.values():
                batch = objective.corrupt(batch, vocabulary, noise)
            return self._named(batch, self.parts)
        shares = np.cumsum([o.weight for o in self.objectives.values()])
        draw = noise.uniform("objective", 1)[:, 0]
        chosen = np.searchsorted(shares / shares[-1], draw, side="right")
        corrupted = []
        for number, (name, objective) in enumerate(self.objectives.items()):
            rows = np.flatnonzero(chosen == number)
            part = objective.corrupt(batch.take(rows), vocabulary, noise.take(rows))
            mine = {p: of for p, of in self.parts.items() if self.objectives[name] in of.objectives}
            corrupted.append((rows, self._named(part, mine)))
        return stack(corrupted, vocabulary)

    @staticmethod
    def _named(batch: Batch, parts: Mapping[str, Part]) -> Batch:
        labels = {name: batch.labels[part.head] for name, part in parts.items() if part.head in batch.labels}
        sequences = {name: batch.sequences[part.head] for name, part in parts.items() if part.head in batch.sequences}
        return replace(batch, labels=labels, sequences=sequences)


def _picks(objective: Objective) -> bool:
    """Whether an objective has a say in which segments are examples."""
    return type(objective).examples is not Objective.examples


def count_targets(batch: Batch, name: str, part: Part) -> int:
    """Targets of a part in a batch: labels; pairs of words for skip-gram."""
    if part.head == "skip_gram":
        left, right = windows_of(batch, name)
        return int(left.sum() + right.sum())
    labels = batch.sequences[name] if name in batch.sequences else batch.labels[name]
    return int(np.count_nonzero(labels != NO_LABEL))


def windows_of(batch: Batch, name: str) -> tuple[Ints, Ints]:
    """The windows to the left and to the right [B, L] of a part's targets, 0 where there is none."""
    target = batch.labels[name] != NO_LABEL
    return batch.windows["left"] * target, batch.windows["right"] * target
