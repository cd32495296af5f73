"""One update: the losses of a batch, their gradients, and a step of the optimizer.

The gradient is that of each loss's sum over its targets, in float32, divided by their number over all processes and
micro-batches. So how a batch is divided among them changes nothing (but dropout, of which each draws its own).

A loss over the batch as a whole needs the vectors of all rows. Where a batch is divided, they are computed first,
without gradients, and gathered; the gradients of the loss by the vectors are taken; then each micro-batch is run again
and back-propagates those of its own (gradient caching: Gao et al., Scaling Deep Contrastive Learning Batch Size under
Memory Limited Setup, RepL4NLP 2021, section 3.2).
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor

from nlp_ssl.heads.base import LossSum
from nlp_ssl.sampling.noise import key_of
from nlp_ssl.training.collate import Inputs
from nlp_ssl.training.model import PretrainingModel, Vectors


def keyed_generator(device: torch.device, *key: int | str) -> torch.Generator:
    """A random generator that depends on the key alone."""
    return torch.Generator(device).manual_seed(int(key_of("heads", *key)) >> 1)


@dataclass
class GatheredLoss:
    """A loss over the batch as a whole, taken from the gathered vectors of all its rows."""

    sum: LossSum
    gradients: list[Tensor] = field(default_factory=list)
    """Of the vectors [B, K, D] of each micro-batch of this process."""
    of_parameters: list[Tensor] = field(default_factory=list)
    """Of the head's parameters that the loss itself has, such as a predictor's; the same on all processes."""


def gather_loss(
    model: PretrainingModel, name: str, vectors: Sequence[Tensor], group: Sequence[Inputs], accelerator: Accelerator
) -> GatheredLoss:
    """The loss of a whole batch from the vectors [B, K, D] of this process's micro-batches, with gradients if enabled.

    Micro-batches are padded to a common number of rows, which are not `valid`.
    """
    head, loss = model.head(name), model.losses[name]
    sizes = [len(v) for v in vectors]
    most = int(accelerator.gather(torch.tensor([max(sizes)], device=accelerator.device)).max())
    gathered = accelerator.gather(_padded(vectors, most)).float()
    targets = {
        key: accelerator.gather(_padded([inputs["targets"][name][key] for inputs in group], most))
        for key in group[0]["targets"][name]
    }
    if not torch.is_grad_enabled():
        return GatheredLoss(head.batch_loss(loss, gathered, targets))
    leaf = gathered.detach().requires_grad_()
    found = head.batch_loss(loss, leaf, targets)
    parameters = [p for p in head.parameters() if p.requires_grad]
    of_leaf, *of_parameters = torch.autograd.grad(found.sum, [leaf, *parameters], allow_unused=True)
    own = of_leaf.view(accelerator.num_processes, len(sizes), most, *leaf.shape[1:])[accelerator.process_index]
    zeros = [torch.zeros_like(p) if g is None else g for p, g in zip(parameters, of_parameters, strict=True)]
    return GatheredLoss(
        LossSum(found.sum.detach()), [part[:size] for part, size in zip(own, sizes, strict=True)], zeros
    )


def _padded(tensors: Sequence[Tensor], rows: int) -> Tensor:
    """Tensors [B, …] one behind the other, each filled up with zeros to so many rows."""
    parts = [torch.cat([t, t.new_zeros((rows - len(t), *t.shape[1:]))]) for t in tensors]
    return torch.cat(parts).contiguous()


class Step:
    """Takes updates of a prepared model. `weights` [losses] are those of the losses."""

    def __init__(self, accelerator: Accelerator, model: Any, weights: Tensor, seed: int, dropout: bool) -> None:
        self.accelerator, self.model, self.weights = accelerator, model, weights
        self.seed, self.dropout = seed, dropout
        self.bare: PretrainingModel = accelerator.unwrap_model(model)

    def backward(self, step: int, group: Sequence[Inputs], targets: Tensor) -> Tensor:
        """Add the gradients of a group of micro-batches; returns this process's sums of the losses [losses].

        `targets` [losses] are their numbers over all processes and micro-batches.
        """
        accelerator, names = self.accelerator, list(self.bare.losses)
        whole = self._whole_batch_losses(step, group)
        sums = torch.zeros(len(names), device=accelerator.device)
        for micro, inputs in enumerate(group):
            gradients = {name: loss.gradients[micro] for name, loss in whole.items()} if whole else None
            last = micro + 1 == len(group)
            with contextlib.nullcontext() if last else accelerator.no_sync(self.model):
                found = self.model(inputs, self._generator(step, micro), gradients)
                losses = torch.stack([found[name].sum for name in names])  # [losses]
                # Processes' gradients are averaged where they are to be summed.
                loss = (losses * self.weights * (accelerator.num_processes / targets)).sum()
                accelerator.backward(loss)
            sums += losses.detach()
        for name, of_batch in whole.items():
            place = names.index(name)
            # The same on every process, so counted by the first.
            sums[place] = of_batch.sum.sum if accelerator.is_main_process else 0.0
            for p, gradient in zip(self._parameters(name), of_batch.of_parameters, strict=True):
                of_mean = gradient * self.weights[place] / targets[place]
                p.grad = of_mean if p.grad is None else p.grad + of_mean
        return sums

    def _whole_batch_losses(self, step: int, group: Sequence[Inputs]) -> dict[str, GatheredLoss]:
        """The losses over the batch as a whole, if it is divided: otherwise the forward pass has them."""
        names = self.bare.batch_losses
        if not names or self.accelerator.num_processes * len(group) == 1:
            return {}
        vectors: dict[str, list[Tensor]] = {name: [] for name in names}
        for micro, inputs in enumerate(group):
            generator = self._generator(step, micro)
            with torch.no_grad(), self.accelerator.autocast():
                found: Vectors = self.bare.batch_vectors(inputs, generator)
            for name in names:
                vectors[name].append(found[name])
        return {name: gather_loss(self.bare, name, vectors[name], group, self.accelerator) for name in names}

    def _parameters(self, name: str) -> list[torch.nn.Parameter]:
        return [p for p in self.bare.head(name).parameters() if p.requires_grad]

    def _generator(self, step: int, micro: int) -> torch.Generator:
        """The generator of a micro-batch's heads; dropout draws from the global one, keyed in the same way."""
        place = self.accelerator.process_index, micro
        if self.dropout:
            torch.manual_seed(int(key_of("dropout", self.seed, step, *place)) >> 1)
        return keyed_generator(self.accelerator.device, self.seed, step, *place)
