"""The base class of all heads. A head predicts the targets of a loss and computes the loss.

Objectives select heads by name (`Objective.heads`). The arguments of `Head.loss` are

* `loss`: the loss, with the objective's hyper-parameters;
* `encode`: runs the body. `encode()` returns the body's output for the view "main", `encode("other")` for another view,
  `encode(ids=…)` with other token ids, and `encode(averaged=True)` from the body's averaged weights. Each view runs
  once per forward pass, even if several heads use it;
* `targets`: the tensors of `Targets.arrays` (`nlp_ssl.sampling.targets`) by name;
* `generator`: a random generator keyed by (seed, step, process, micro-batch). Random values that must not depend on how
  a batch is divided come from the noise in `targets` instead.

With `reduction = "target"` the loss is a sum over independent targets; the step divides it by the number of targets in
all processes and micro-batches. With `reduction = "batch"` the loss compares the sequences of a batch with each other:
a head implements `vectors` for a micro-batch and `batch_loss` for the whole batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.models.parts import assembled
from nlp_ssl.objectives.mixture import Loss
from nlp_ssl.sampling.examples import Body

TargetTensors = Mapping[str, Tensor]


@dataclass(frozen=True)
class LossSum:
    """A loss summed over its targets, in nats, a float32 scalar. In evaluation also metrics: name -> (sum, count)."""

    sum: Tensor
    metrics: Mapping[str, tuple[Tensor, Tensor]] = field(default_factory=dict)


class Encode:
    """Runs the body on the views of a micro-batch and caches the outputs.

    `memo` passes values, such as sampled token ids, between the heads of one forward pass.
    """

    def __init__(
        self, run: Callable[[Mapping[str, Tensor], bool], Any], views: Mapping[str, dict[str, Tensor]]
    ) -> None:
        self._run, self.views = run, views
        self._outputs: dict[tuple[str, bool], Any] = {}
        self.memo: dict[str, Any] = {}

    def __call__(self, view: str = "main", ids: Tensor | None = None, averaged: bool = False) -> Any:
        """The body's output (a transformers `ModelOutput`) for a view. `ids` [B, L] replace the view's token ids."""
        if ids is not None:
            return self._run({**self.views[view], "input_ids": ids}, averaged)
        if (view, averaged) not in self._outputs:
            self._outputs[view, averaged] = self._run(self.views[view], averaged)
        return self._outputs[view, averaged]

    def attention_mask(self, view: str = "main") -> Tensor | None:
        """[B, L], 1 at tokens and 0 at padding; None if no sequence is padded."""
        return self.views[view].get("attention_mask")


class Head(nn.Module):
    """Base class of all heads.

    `carrier` is a transformers model without its body, or None. Several heads may share one.
    """

    name: ClassVar[str]
    """Name of the module, or of a plug-in's entry point."""
    reduction: ClassVar[Literal["target", "batch"]] = "target"
    """Whether the loss is a sum over independent targets or compares all sequences of a batch."""
    auto_class: ClassVar[Any] = None
    """transformers auto class of the carrier, such as `AutoModelForMaskedLM`; None for heads that are not saved."""
    uses_pooler: ClassVar[bool] = False
    """Whether the carrier uses the body's pooler."""
    costs_per_row: ClassVar[bool] = False
    """Whether the FLOPs of `loss` grow with the number of sequences instead of targets."""
    momentum: float | None = None
    """Decay of the exponential moving average of the body's weights per step; None if the head uses no average."""

    def __init__(self, config: Any, body: Any, carrier: Any, loss: Loss, vocabulary: Vocabulary) -> None:
        """`config` is the body's config. The head may share the body's embeddings but must not register the body."""
        super().__init__()
        self.carrier = carrier
        self.unknown = vocabulary.unk

    @classmethod
    def for_body(cls, body: Body) -> type[Head]:
        """The class that implements this head for a kind of body."""
        return cls

    @classmethod
    def key(cls, name: str) -> str:
        """Losses with the same key share one head. By default each loss has its own; `name` is the loss's name."""
        return name

    @classmethod
    def carrier_key(cls, name: str) -> str:
        """Heads with the same key share one carrier. By default all heads of a class do."""
        return cls.name

    @classmethod
    def configure(cls, config: Any, loss: Loss, vocabulary: Vocabulary) -> Any:
        """The carrier's config. By default a copy of the body's, with the names of the classes if there are any."""
        config = type(config).from_dict(config.to_dict())
        if classes := loss.classes(vocabulary):
            config.id2label = dict(enumerate(classes))
            config.label2id = {name: i for i, name in enumerate(classes)}
        return config

    def loss(self, loss: Loss, encode: Encode, targets: TargetTensors, generator: torch.Generator) -> LossSum:
        """The loss summed over the targets of a micro-batch (see the module's docstring)."""
        raise NotImplementedError

    def vectors(self, loss: Loss, encode: Encode, targets: TargetTensors, generator: torch.Generator) -> Tensor:
        """For reduction "batch": representations [B, K, D] of the sequences of a micro-batch."""
        raise NotImplementedError

    def batch_loss(self, loss: Loss, vectors: Tensor, targets: TargetTensors) -> LossSum:
        """For reduction "batch": the loss of a whole batch from its representations `vectors`, float32 [N, K, D].

        `targets` covers all N sequences. Sequences that are not `valid` are padding and must not affect the result.
        """
        raise NotImplementedError

    def after_step(self) -> None:
        """Called after each update, for example to fill a queue. Buffers are in checkpoints but not in saved models."""

    def body_modules(self) -> list[nn.Module]:
        """The head's own networks that process whole sequences. Their FLOPs are counted per sequence."""
        return []

    def assemble(self, body: Any) -> Any:
        """The transformers model to save, sharing the weights of body and head; None to save the body alone."""
        return None if self.carrier is None else assembled(self.carrier, body, self.uses_pooler)
