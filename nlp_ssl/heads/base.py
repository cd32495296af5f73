"""The base class of all heads: how a target is predicted, and its loss.

A head is found by the name that an objective gives (`Objective.heads`); each loss has one. With the loss it is given

* `encode`, which runs the body: `encode()` is the body's output for the view "main", `encode("other")` for another,
  `encode(ids=…)` with other token ids in its place, `encode(averaged=True)` by the averaged copy of the body. Each view
  is run once in a forward pass, whoever asks;
* `targets`, the tensors of `Targets.arrays` (`nlp_ssl.sampling.targets`) by name;
* `generator`, a random generator keyed by (seed, step, process, micro-batch). What is to be equal however a batch is
  divided draws from the noise in `targets` instead.

`reduction` says what a loss is a sum over. "target": over targets one by one; the step divides the sum by the number of
targets of all processes and micro-batches. "batch": over rows that are compared with each other; then a head has
`vectors` for the rows of a micro-batch, and `batch_loss` of the vectors of the whole batch.
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
    """A loss summed over its targets, in nats, float32, and in evaluation metrics as (sum, count) by name."""

    sum: Tensor
    metrics: Mapping[str, tuple[Tensor, Tensor]] = field(default_factory=dict)


class Encode:
    """Runs bodies over the views of a micro-batch, each view once.

    `memo` is for what heads of one forward pass hand to each other, such as sampled token ids.
    """

    def __init__(
        self, run: Callable[[Mapping[str, Tensor], bool], Any], views: Mapping[str, dict[str, Tensor]]
    ) -> None:
        self._run, self.views = run, views
        self._outputs: dict[tuple[str, bool], Any] = {}
        self.memo: dict[str, Any] = {}

    def __call__(self, view: str = "main", ids: Tensor | None = None, averaged: bool = False) -> Any:
        """The body's output for a view, as transformers has it; `ids` [B, L] replace the view's token ids."""
        if ids is not None:
            return self._run({**self.views[view], "input_ids": ids}, averaged)
        if (view, averaged) not in self._outputs:
            self._outputs[view, averaged] = self._run(self.views[view], averaged)
        return self._outputs[view, averaged]

    def attention_mask(self, view: str = "main") -> Tensor | None:
        """1 at tokens and 0 at padding [B, L]; None where no row is padded."""
        return self.views[view].get("attention_mask")


class Head(nn.Module):
    """Base of all heads. `carrier` is a model of transformers without its body, which several heads may share."""

    name: ClassVar[str]
    """The name of the module, or of the entry point of a plug-in."""
    reduction: ClassVar[Literal["target", "batch"]] = "target"
    auto_class: ClassVar[Any] = None
    """The class of transformers, such as `AutoModelForMaskedLM`, that the carrier is made with and saved as."""
    uses_pooler: ClassVar[bool] = False
    """The carrier reads the pooler that some bodies have."""
    costs_per_row: ClassVar[bool] = False
    """The arithmetic of `loss` grows with the rows, not with the targets."""
    momentum: ClassVar[float | None] = None
    """Share of the averaged copy of the body that stays at each step; None for heads that use no averaged copy."""

    def __init__(self, config: Any, body: Any, carrier: Any, loss: Loss, vocabulary: Vocabulary) -> None:
        """`config` is the body's. The head may use the body's embeddings, but holds no reference to the body."""
        super().__init__()
        self.carrier = carrier

    @classmethod
    def for_body(cls, body: Body) -> type[Head]:
        """The class that does this head's work on a kind of body."""
        return cls

    @classmethod
    def key(cls, name: str) -> str:
        """Losses of one key share one head; by default each loss, by its `name`, has its own."""
        return name

    @classmethod
    def carrier_key(cls, name: str) -> str:
        """Heads of one key share one carrier; a head for rows has classes of its own, and so its own carrier."""
        return cls.name

    @classmethod
    def configure(cls, config: Any, loss: Loss, vocabulary: Vocabulary) -> Any:
        """The config of the carrier: by default a copy of the body's."""
        return type(config).from_dict(config.to_dict())

    def loss(self, loss: Loss, encode: Encode, targets: TargetTensors, generator: torch.Generator) -> LossSum:
        """The loss summed over the targets of a micro-batch."""
        raise NotImplementedError

    def vectors(self, loss: Loss, encode: Encode, targets: TargetTensors, generator: torch.Generator) -> Tensor:
        """For reduction "batch": the vectors [B, K, D] that represent the rows of a micro-batch."""
        raise NotImplementedError

    def batch_loss(self, loss: Loss, vectors: Tensor, targets: TargetTensors) -> LossSum:
        """For reduction "batch": the loss of the vectors [N, K, D] of a whole batch, float32.

        `targets` are those of all N rows. Rows that are not `valid` must not matter.
        """
        raise NotImplementedError

    def after_step(self) -> None:
        """Called after each update, for queues and the like, kept as buffers: in checkpoints, not in what is saved."""

    def body_modules(self) -> list[nn.Module]:
        """The head's own networks that read whole rows; their arithmetic is counted by the row."""
        return []

    def assemble(self, body: Any) -> Any:
        """The model of transformers to save, sharing the weights of body and head; None for the body alone."""
        return None if self.carrier is None else assembled(self.carrier, body, self.uses_pooler)
