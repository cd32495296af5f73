"""A mixture: the objectives of a run, trained on one body.

With `mixing = "together"` (jointly), the objectives corrupt the same example in turn and the loss is the weighted sum
of their losses, as in BERT. Objectives with the same target share one loss. With `mixing = "alternating"`, each example
belongs to one objective, drawn in each epoch in proportion to the weights, and each objective has its own loss. With
`mixing = "sequence"`, the objectives follow each other, each for a share of the steps in proportion to its weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import InputError, require
from nlp_ssl.objectives.base import Objective
from nlp_ssl.sampling.batch import Batch, freeze, stack
from nlp_ssl.sampling.examples import Body, ExampleIndex, ExampleType, TokenStream
from nlp_ssl.sampling.noise import Noise

Mixing = Literal["together", "alternating", "sequence"]


@dataclass(frozen=True, kw_only=True)
class Loss:
    """One term of the loss: a target, its head, and the objectives that produce the target."""

    target: str
    head: str
    weight: float
    objectives: tuple[Objective, ...]

    @property
    def objective(self) -> Objective:
        """The first of the objectives. Heads read its hyper-parameters."""
        return self.objectives[0]

    def classes(self, vocabulary: Vocabulary) -> tuple[str, ...]:
        """Names of the classes of a classification objective."""
        return self.objective.classes(vocabulary)


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Objectives by name. ValueError if they cannot be combined."""

    objectives: Mapping[str, Objective]
    mixing: Mixing = "together"

    def __post_init__(self) -> None:
        alone = next((name for name, o in self.objectives.items() if o.also_decoder), "")
        rule = f"{alone} is a mixture of its own and cannot be combined; use a recipe for each"
        require(not alone or len(self.objectives) == 1, "objective", self.name, rule)
        types = {o.example_type for o in self.objectives.values()} - {"segment"}
        rule = f"they use different example types ({' and '.join(sorted(types))}); use a recipe for each"
        require(len(types) < 2, "objective", self.name, rule)
        for name, objective in self.objectives.items():
            rule = (
                f"{name} selects its own segments and cannot use examples of type {' or '.join(sorted(types))}; "
                "use a recipe for each"
            )
            allowed = not types or objective.example_type in types or not _selects(objective)
            require(allowed, "objective", self.name, rule)
        selecting = [name for name, objective in self.objectives.items() if _selects(objective)]
        rule = f"{' and '.join(selecting)} each select their own examples; use a recipe for each"
        require(len(selecting) < 2, "objective", self.name, rule)
        bodies = dict.fromkeys(o.body for o in self.objectives.values())
        rule = f"they train different kinds of body ({' and '.join(sorted(bodies))}); use a recipe for each"
        require(bool(self._common_bodies), "objective", self.name, rule)
        if self.mixing == "together":
            self._check_joint()

    def _check_joint(self) -> None:
        one_sided = next((name for name, o in self.objectives.items() if o.body == "decoder"), "")
        rule = f"{one_sided} reads text from one side only: use mixing = 'alternating' or 'sequence'"
        require(not one_sided or self.body == "decoder", "objective", self.name, rule)
        masking = ""
        for name, objective in self.objectives.items():
            rule = (
                f"{name} must read the text before {masking} changes its tokens: write the table "
                f"[objective.{masking}] after [objective.{name}]"
            )
            require(not (masking and objective.before_masking), "objective", self.name, rule)
            masking = masking or name * objective.masks_tokens
        for target in {target for o in self.objectives.values() for target in o.heads}:
            both = [name for name, o in self.objectives.items() if target in o.heads]
            shared = len(both) < 2 or all(self.objectives[name].shares_targets for name in both)
            rule = "they have the same target and cannot share it: use mixing = 'alternating' or 'sequence'"
            require(shared, "objective", " + ".join(both), rule)

    @cached_property
    def _common_bodies(self) -> list[Body]:
        """Kinds of body that every objective can train, in order of preference."""
        able = [{o.body, *o.also_bodies} for o in self.objectives.values()]
        asked = dict.fromkeys(o.body for o in self.objectives.values())
        return [body for body in asked if all(body in bodies for bodies in able)]

    @property
    def name(self) -> str:
        """The objectives' names, joined by "+"."""
        return "+".join(self.objectives)

    @property
    def paper(self) -> str:
        """The objectives' papers."""
        return "; ".join(o.paper for o in self.objectives.values())

    @property
    def example_type(self) -> ExampleType:
        """The type of example: that of the objectives not on segments, if any."""
        types = (o.example_type for o in self.objectives.values())
        return next((t for t in types if t != "segment"), "segment")

    @property
    def body(self) -> Body:
        """The kind of body that all objectives can train."""
        return self._common_bodies[0]

    @property
    def needs(self) -> str:
        """Required content of a corpus; completes the sentence "the corpus has no …"."""
        return " and ".join(dict.fromkeys(o.needs for o in self.objectives.values()))

    @property
    def trains_tasks(self) -> tuple[str, ...]:
        """Tasks made from a corpus that an objective trains on itself, sorted."""
        return tuple(sorted({task for o in self.objectives.values() for task in o.trains_tasks}))

    @property
    def gives_likelihood(self) -> bool:
        """Whether the trained model can score the likelihood of a text."""
        return self.body in ("encoder", "decoder") and any(o.gives_likelihood for o in self.objectives.values())

    @property
    def reads_backward(self) -> bool:
        """Whether an objective reads texts from their end."""
        return any(getattr(o, "direction", None) == "backward" for o in self.objectives.values())

    @property
    def answers_prompts(self) -> bool:
        """Whether the trained model can score a label after a text; one that reads backward reads the label first."""
        return self.gives_likelihood and not self.reads_backward

    @property
    def also_decoder(self) -> bool:
        """Whether the body is an encoder that is saved as a decoder, too."""
        return any(o.also_decoder for o in self.objectives.values())

    @property
    def has_causal_rows(self) -> bool:
        """Whether the body is an encoder that reads some examples from one side only."""
        decodes = any(o.body == "decoder" for o in self.objectives.values())
        return self.also_decoder or (self.body == "encoder" and decodes)

    @property
    def saves_heads(self) -> bool:
        """Whether all heads are saved, so that `evaluate` can score the model on its own task."""
        return all(o.saves_heads for o in self.objectives.values())

    @cached_property
    def losses(self) -> dict[str, Loss]:
        """The losses by name.

        The name is the objective's, or several joined by "+" if they share the loss. If an objective has several
        targets, each loss is named after its target ("previous" and "next" for skip-thought).
        """
        writers: dict[tuple[str, str], list[str]] = {}
        for name, objective in self.objectives.items():
            for target in objective.heads:
                writers.setdefault(("" if self.mixing == "together" else name, target), []).append(name)
        losses = {}
        for (_, target), names in writers.items():
            objectives = tuple(self.objectives[name] for name in names)
            weight = max(o.weight * o.loss_weights()[target] for o in objectives)
            if self.mixing == "alternating":  # losses are means over examples of their objective
                weight /= sum(o.weight for o in self.objectives.values())
            elif self.mixing == "sequence":  # each has its steps for itself
                weight = objectives[0].loss_weights()[target]
            several = any(len(o.heads) > 1 for o in objectives)
            head = objectives[0].heads[target]
            losses[target if several else "+".join(names)] = Loss(
                target=target, head=head, weight=weight, objectives=objectives
            )
        return losses

    def phase(self, done: float) -> str:
        """The objective that a sequence trains when the share `done` of a run is done, at the end the last one.

        "" for a mixture that is no sequence.
        """
        if self.mixing != "sequence":
            return ""
        return list(self.objectives)[min(int(self._place(done)), len(self.objectives) - 1)]

    def losses_at(self, done: float) -> dict[str, Loss]:
        """The losses that are trained when the share `done` of a run is done: in a sequence, those of its phase."""
        trained = self.objectives.get(self.phase(done))
        return {name: loss for name, loss in self.losses.items() if trained is None or trained in loss.objectives}

    def _place(self, draw: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """The number of the objective in whose share of 0..1 each value lies."""
        shares = np.cumsum([o.weight for o in self.objectives.values()])
        place: npt.NDArray[np.int64] = np.searchsorted(shares / shares[-1], draw, side="right")
        return place

    def answers(self, other: Mixture, vocabulary: Vocabulary) -> dict[str, str] | None:
        """Map each loss of another mixture to a loss of this one whose head can predict it; None if that is impossible.

        The body, the head and the number of classes must be equal.
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
        """The examples of a text, as found by the objective with the strictest requirements.

        InputError if the vocabulary lacks tokens that an objective needs.
        """
        for objective in self.objectives.values():
            objective.check_vocabulary(vocabulary)

        def asks_for(objective: Objective) -> tuple[bool, bool, int]:
            return _selects(objective), objective.example_type != "segment", objective.sentences

        most = max(self.objectives.values(), key=asks_for)
        return most.examples(text, vocabulary, self.body, max_length)

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Return the corrupted batch, with targets named after the losses.

        Outside a run, as in validation, objectives in sequence alternate.
        """
        if self.mixing == "together" or len(self.objectives) == 1:
            for objective in self.objectives.values():
                batch = _corrupt(objective, batch, vocabulary, noise)
            return _renamed(batch, self.losses)
        in_turn = self.mixing == "sequence" and noise.done < 1
        draw = np.full(len(batch.ids), noise.done) if in_turn else noise.uniform("objective", 1)[:, 0]
        chosen = self._place(draw)
        corrupted = []
        for number, objective in enumerate(self.objectives.values()):
            rows = np.flatnonzero(chosen == number)
            part = _corrupt(objective, batch.take(rows), vocabulary, noise.take(rows))
            own = {name: loss for name, loss in self.losses.items() if objective in loss.objectives}
            corrupted.append((rows, _renamed(part, own)))
        return stack(corrupted, vocabulary)


def _renamed(batch: Batch, losses: Mapping[str, Loss]) -> Batch:
    """The batch with targets named after the losses."""
    return replace(batch, targets={name: batch.targets[loss.target] for name, loss in losses.items()})


def _selects(objective: Objective) -> bool:
    """Whether an objective selects its own examples."""
    return type(objective).examples is not Objective.examples


def _corrupt(objective: Objective, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
    """Corrupt a batch. InputError if an objective of a plug-in writes to its arguments, or returns the wrong thing."""
    for given in (batch, vocabulary, noise):
        freeze(given)
    try:
        found = objective.corrupt(batch, vocabulary, noise)
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        raise InputError(
            f"objective {objective.name}: corrupt writes to an array that it was given; copy the array first"
        ) from None
    missing = sorted(set(objective.heads) - set(found.targets)) if isinstance(found, Batch) else []
    if not isinstance(found, Batch) or missing:
        what = (
            f"a batch without the targets {', '.join(missing)}" if missing else f"a {type(found).__name__}, not a batch"
        )
        raise InputError(f"objective {objective.name}: corrupt returned {what}")
    return found
