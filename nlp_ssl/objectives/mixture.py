"""A mixture: the objectives of a run, trained on one body.

*Jointly* ("together"), the objectives work on the same example one after the other, in their order, and their losses
are added with their weights (BERT: masking and next-sentence prediction). Objectives that write the same target, as
all that reconstruct a text do, have one loss. *Alternating*, every example is for one of the objectives, drawn anew
each epoch with their weights as shares, and each objective has a loss of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import require
from nlp_ssl.objectives.base import Objective
from nlp_ssl.sampling.batch import Batch, stack
from nlp_ssl.sampling.examples import Body, ExampleIndex, ExampleType, TokenStream
from nlp_ssl.sampling.noise import Noise

Mixing = Literal["together", "alternating"]


@dataclass(frozen=True, kw_only=True)
class Loss:
    """One term of the loss: a target, the head that predicts it, and the objectives that write it."""

    target: str
    head: str
    weight: float
    objectives: tuple[Objective, ...]

    @property
    def objective(self) -> Objective:
        """The first of its objectives, whose hyper-parameters a head reads."""
        return self.objectives[0]

    def classes(self, vocabulary: Vocabulary) -> tuple[str, ...]:
        """Names of the classes, for a head that predicts one a row."""
        return self.objective.classes(vocabulary)


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Objectives by their names. ValueError where they cannot be trained jointly."""

    objectives: Mapping[str, Objective]
    mixing: Mixing = "together"

    def __post_init__(self) -> None:
        types = {o.example_type for o in self.objectives.values()} - {"segment"}
        require(len(types) < 2, "objective", self.name, f"one example cannot be a {' and a '.join(sorted(types))}")
        for name, objective in self.objectives.items():
            rule = f"{name} selects its own segments, which cannot be a {' or a '.join(sorted(types))}"
            allowed = not types or objective.example_type in types or not _selects(objective)
            require(allowed, "objective", self.name, rule)
        bodies = dict.fromkeys(o.body for o in self.objectives.values())
        rule = f"one body cannot be a {' and a '.join(sorted(bodies))}"
        require(bool(self._common_bodies), "objective", self.name, rule)
        if self.mixing == "together":
            self._check_joint()

    def _check_joint(self) -> None:
        masks = [o.masks_tokens for o in self.objectives.values()]
        last = next((name for name, o in self.objectives.items() if o.masks_tokens), "")
        rule = f"tokens are masked in what the other objectives leave of a text: write [objective.{last}] last"
        in_order = masks == sorted(masks) or not any(o.before_masking for o in self.objectives.values())
        require(in_order, "objective", self.name, rule)
        for target in {target for o in self.objectives.values() for target in o.heads}:
            both = [name for name, o in self.objectives.items() if target in o.heads]
            shared = len(both) < 2 or all(self.objectives[name].shares_targets for name in both)
            rule = "both write the same target: let them alternate (mixing = 'alternating')"
            require(shared, "objective", " + ".join(both), rule)

    @cached_property
    def _common_bodies(self) -> list[Body]:
        """The kinds of body that every objective can train, those that one of them asks for first."""
        able = [{o.body, *o.also_bodies} for o in self.objectives.values()]
        asked = dict.fromkeys(o.body for o in self.objectives.values())
        return [body for body in asked if all(body in bodies for bodies in able)]

    @property
    def name(self) -> str:
        """The objectives' names, joined."""
        return "+".join(self.objectives)

    @property
    def paper(self) -> str:
        """The objectives' papers."""
        return "; ".join(o.paper for o in self.objectives.values())

    @property
    def example_type(self) -> ExampleType:
        """The type of example: the one that is more than a segment, if there is one."""
        types = (o.example_type for o in self.objectives.values())
        return next((t for t in types if t != "segment"), "segment")

    @property
    def body(self) -> Body:
        """The kind of body that all objectives can train."""
        return self._common_bodies[0]

    @property
    def needs(self) -> str:
        """What a corpus must have, as the end of the sentence "the corpus has no …"."""
        return " and ".join(dict.fromkeys(o.needs for o in self.objectives.values()))

    @property
    def gives_likelihood(self) -> bool:
        """Whether the trained model scores how likely a single text is."""
        return self.body in ("encoder", "decoder") and any(o.gives_likelihood for o in self.objectives.values())

    @property
    def saves_heads(self) -> bool:
        """Whether `evaluate` can score the saved model on its own task."""
        return all(o.saves_heads for o in self.objectives.values())

    @cached_property
    def losses(self) -> dict[str, Loss]:
        """The losses by name: an objective's name, several joined by +, or a target's name.

        The latter where an objective has several targets, as skip-thought has "previous" and "next".
        """
        writers: dict[tuple[str, str], list[str]] = {}
        for name, objective in self.objectives.items():
            for target in objective.heads:
                writers.setdefault((name if self.mixing == "alternating" else "", target), []).append(name)
        losses = {}
        for (_, target), names in writers.items():
            objectives = tuple(self.objectives[name] for name in names)
            weight = max(o.weight * o.loss_weights()[target] for o in objectives)
            if self.mixing == "alternating":  # a mean loss counts as often as its examples do
                weight /= sum(o.weight for o in self.objectives.values())
            several = any(len(o.heads) > 1 for o in objectives)
            head = objectives[0].heads[target]
            losses[target if several else "+".join(names)] = Loss(
                target=target, head=head, weight=weight, objectives=objectives
            )
        return losses

    def answers(self, other: Mixture, vocabulary: Vocabulary) -> dict[str, str] | None:
        """For each loss of another mixture the loss whose head can predict it; None where one has none.

        The body, the head and the number of classes must be the same.
        """
        if self.body != other.body or not (self.saves_heads and other.saves_heads):
            return None
        found = {}
        for name, asked in other.losses.items():
            classes = len(asked.classes(vocabulary))
            able = [
                mine
                for mine, loss in self.losses.items()
                if loss.head == asked.head and len(loss.classes(vocabulary)) == classes
            ]
            if not able:
                return None
            found[name] = name if name in able else able[0]
        return found

    def examples(self, text: TokenStream, vocabulary: Vocabulary, max_length: int) -> ExampleIndex:
        """The examples in a text: those of the objective that asks for most."""

        def asks_for(objective: Objective) -> tuple[bool, bool, int]:
            return _selects(objective), objective.example_type != "segment", objective.sentences

        most = max(self.objectives.values(), key=asks_for)
        return most.examples(text, vocabulary, self.body, max_length)

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """A corrupted batch, its targets under the names of the losses."""
        if self.mixing == "together" or len(self.objectives) == 1:
            for objective in self.objectives.values():
                batch = objective.corrupt(batch, vocabulary, noise)
            return _renamed(batch, self.losses)
        shares = np.cumsum([o.weight for o in self.objectives.values()])
        draw = noise.uniform("objective", 1)[:, 0]
        chosen = np.searchsorted(shares / shares[-1], draw, side="right")
        corrupted = []
        for number, objective in enumerate(self.objectives.values()):
            rows = np.flatnonzero(chosen == number)
            part = objective.corrupt(batch.take(rows), vocabulary, noise.take(rows))
            own = {name: loss for name, loss in self.losses.items() if objective in loss.objectives}
            corrupted.append((rows, _renamed(part, own)))
        return stack(corrupted, vocabulary)


def _renamed(batch: Batch, losses: Mapping[str, Loss]) -> Batch:
    """A batch whose targets have the losses' names."""
    return replace(batch, targets={name: batch.targets[loss.target] for name, loss in losses.items()})


def _selects(objective: Objective) -> bool:
    """Whether an objective has a say in which segments are examples."""
    return type(objective).examples is not Objective.examples
