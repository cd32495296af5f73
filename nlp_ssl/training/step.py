"""The gradients of one optimizer step.

Each loss is summed over its targets in float32 and divided by the number of targets in all processes and micro-batches.
The gradient therefore does not depend on how a batch is divided, except through dropout masks.

A whole-batch loss needs the representations of all sequences. If the batch is divided, gradient caching is used (Gao et
al., Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup, RepL4NLP 2021, section 3.2):

1. Compute all representations without gradients and gather them.
2. Compute the gradients of the loss with respect to the representations.
3. Run each micro-batch again and back-propagate its share of these gradients.
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
    """A random generator seeded by `key`."""
    return torch.Generator(device).manual_seed(int(key_of("heads", *key)) >> 1)


@dataclass
class GatheredLoss:
    """A whole-batch loss, computed from the gathered representations."""

    sum: LossSum
    gradients: list[Tensor] = field(default_factory=list)
    """Gradients with respect to the representations [B, K, D] of each micro-batch of this process."""
    of_parameters: list[Tensor] = field(default_factory=list)
    """Gradients with respect to the head's parameters, the same on all processes."""


def gather_loss(
    model: PretrainingModel, name: str, vectors: Sequence[Tensor], group: Sequence[Inputs], accelerator: Accelerator
) -> GatheredLoss:
    """The loss of a whole batch from `vectors` [B, K, D] of this process's micro-batches, with gradients if enabled.

    Micro-batches are padded to a common number of sequences; padding is marked as not `valid`. Sequences are in the
    order of the undivided batch, of which part k of n has the sequences k, k + n, k + 2n, …
    """
    head, loss = model.head(name), model.losses[name]
    sizes = [len(v) for v in vectors]
    most = max(sizes)
    if accelerator.num_processes > 1:
        most = int(accelerator.gather(torch.tensor([most], device=accelerator.device)).max())
    shape = accelerator.num_processes, len(sizes), most

    def whole(parts: Sequence[Tensor]) -> Tensor:
        """Tensors [B, …] of this process's micro-batches -> [N, …] of the whole batch."""
        of_all: Tensor = accelerator.gather(_padded(parts, most))
        return of_all.reshape(*shape, *of_all.shape[1:]).transpose(0, 2).flatten(0, 2)

    gathered = whole(vectors).float()
    targets = {key: whole([inputs["targets"][name][key] for inputs in group]) for key in group[0]["targets"][name]}
    if not torch.is_grad_enabled():
        return GatheredLoss(head.batch_loss(loss, gathered, targets))
    leaf = gathered.detach().requires_grad_()
    found = head.batch_loss(loss, leaf, targets)
    parameters = [p for p in head.parameters() if p.requires_grad]
    of_leaf, *of_parameters = torch.autograd.grad(found.sum, [leaf, *parameters], allow_unused=True)
    of_parts = of_leaf.reshape(*reversed(shape), *leaf.shape[1:])  # [B, micro-batches, processes, …]
    own = of_parts[:, :, accelerator.process_index].transpose(0, 1)
    zeros = [torch.zeros_like(p) if g is None else g for p, g in zip(parameters, of_parameters, strict=True)]
    return GatheredLoss(
        LossSum(found.sum.detach()), [part[:size] for part, size in zip(own, sizes, strict=True)], zeros
    )


def _padded(tensors: Sequence[Tensor], rows: int) -> Tensor:
    """Pad each tensor [B, …] with zeros to `rows` sequences and concatenate them."""
    parts = [torch.cat([t, t.new_zeros((rows - len(t), *t.shape[1:]))]) for t in tensors]
    return torch.cat(parts).contiguous()


class Step:
    """Computes the gradients of a prepared model. `weights` [losses] are the weights of the losses."""

    def __init__(self, accelerator: Accelerator, model: Any, weights: Tensor, seed: int, dropout: bool) -> None:
        self.accelerator, self.model, self.weights = accelerator, model, weights
        self.seed, self.dropout = seed, dropout
        self.bare: PretrainingModel = accelerator.unwrap_model(model)

    def backward(self, step: int, group: Sequence[Inputs], targets: Tensor) -> Tensor:
        """Accumulate the gradients of the micro-batches. Returns this process's loss sums, float32 [losses].

        `targets` [losses] is the number of targets in all processes and micro-batches.
        """
        accelerator, names = self.accelerator, list(self.bare.losses)
        whole = self._whole_batch_losses(step, group)
        sums = torch.zeros(len(names), device=accelerator.device)
        for micro, inputs in enumerate(group):
            gradients = {name: loss.gradients[micro] for name, loss in whole.items()} if whole else None
            last = micro + 1 == len(group)
            with contextlib.nullcontext() if last else accelerator.no_sync(self.model):
                with accelerator.autocast():  # without FSDP, Accelerate's wrapper does the same
                    found = self.model(inputs, self._generator(step, micro), gradients)
                losses = torch.stack([found[name].sum for name in names])  # [losses]
                # DDP averages gradients over processes; multiply by their number to get the sum.
                loss = (losses * self.weights * (accelerator.num_processes / targets)).sum()
                accelerator.backward(loss)
            sums += losses.detach()
        for name, of_batch in whole.items():
            place = names.index(name)
            # Equal on every process, so only the main process counts it.
            sums[place] = of_batch.sum.sum if accelerator.is_main_process else 0.0
            for p, gradient in zip(self._parameters(name), of_batch.of_parameters, strict=True):
                of_mean = gradient * self.weights[place] / targets[place]
                p.grad = of_mean if p.grad is None else p.grad + of_mean
        return sums

    def _whole_batch_losses(self, step: int, group: Sequence[Inputs]) -> dict[str, GatheredLoss]:
        """The whole-batch losses if the batch is divided. Otherwise empty: the forward pass computes them."""
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
        """The generator for the heads of a micro-batch. Also seeds the global generator, from which dropout draws."""
        place = self.accelerator.process_index, micro
        if self.dropout:
            torch.manual_seed(int(key_of("dropout", self.seed, step, *place)) >> 1)
        return keyed_generator(self.accelerator.device, self.seed, step, *place)
