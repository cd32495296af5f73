"""Instance discrimination with a memory bank (Wu et al., CVPR 2018, sections 3.1 and 3.2).

The bank has a vector of unit length for each training document. A view, projected by an MLP to unit length, must find
the vector of its document among the vectors of others. The loss of an example is the mean over its two views. After
each update, the vectors of the batch's documents move towards the mean of their views. At the start vectors are random,
as in the paper, so that nothing can be learned from a document that is seen for the first time.

The documents to compare with are drawn from the bank once for each batch, by a hash of the number of examples seen
before. They therefore depend on neither the division of a batch nor on interruptions: key and bank are in checkpoints.

Validation documents are not in the bank. There, a view must find the other view of its example among training
documents. `times_seen` is how often a training document has been seen on average.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.heads.base import LossSum, TargetTensors
from nlp_ssl.heads.nt_xent import NTXent
from nlp_ssl.objectives.mixture import Loss


class MemoryBank(NTXent):
    """A projection MLP and the bank. Neither is saved."""

    name = "memory_bank"

    def __init__(self, config: Any, body: Any, carrier: Any, loss: Loss, vocabulary: Vocabulary) -> None:
        super().__init__(config, body, carrier, loss, vocabulary)
        documents = vocabulary.documents
        self.bank: Tensor
        self.draw_key: Tensor
        self.seen: Tensor
        self.register_buffer("bank", nn.functional.normalize(torch.randn(documents, self.options.projection), dim=-1))
        self.register_buffer("draw_key", torch.randint(2**62, ()))
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))  # examples
        self._latest: tuple[Tensor, TargetTensors] | None = None  # views, targets

    def batch_loss(self, loss: Loss, vectors: Tensor, targets: TargetTensors) -> LossSum:
        """Cross-entropy of the own vector among it and those of other documents, summed over examples."""
        document, valid = targets["group"], targets["valid"]  # [N]
        compared = self._drawn()  # [K]
        others = vectors @ self.bank[compared].T  # [N, 2, K]
        if torch.is_grad_enabled():
            own = vectors * self.bank[document][:, None]
            others = others.masked_fill((document[:, None] == compared)[:, None], -torch.inf)
            self._latest = vectors.detach(), targets
        else:
            own = vectors * vectors.flip(1)
        scores = torch.cat([own.sum(-1, keepdim=True), others], -1) / self.options.temperature
        losses = -torch.log_softmax(scores, -1)[..., 0].mean(1)
        found = self.reported(torch.where(valid, losses, 0.0).sum(), vectors, targets)
        times_seen = {} if self.training else {"times_seen": (self.seen, self.seen.new_tensor(len(self.bank)))}
        return LossSum(found.sum, {**found.metrics, **times_seen})

    def after_step(self) -> None:
        """Move the vectors of the latest documents towards the mean of their views."""
        if self._latest is None:
            return
        views, targets = self._latest
        document, valid, rows = targets["group"], targets["valid"], len(views)
        # Several rows of a document write the same vector, and padding writes that of a real row, so that no two
        # writes differ.
        place = torch.arange(rows, device=views.device)
        same = (document[:, None] == document) | ~valid[:, None]
        first = torch.where(same & valid, place, rows).amin(1)  # [N]
        first = torch.where(first < rows, first, place)  # nothing is real
        sums = torch.zeros_like(views[:, 0]).index_add_(0, first, views.mean(1) * valid[:, None])
        mean, at = nn.functional.normalize(sums, dim=-1)[first], document[first]
        moved = nn.functional.normalize(torch.lerp(mean, self.bank[at], self.options.momentum), dim=-1)
        self.bank[at] = torch.where(valid.any(), moved, self.bank[at])
        self.seen += valid.sum()
        self._latest = None

    def _drawn(self) -> Tensor:
        """The documents that a batch is compared with, int64 [K]: drawn with replacement, or all of them."""
        documents, negatives = len(self.bank), self.options.negatives
        few = documents <= negatives + 1
        place = torch.arange(documents if few else negatives, device=self.bank.device)
        return place if few else _mixed(_mixed(self.draw_key + self.seen) + place) % documents


def _mixed(numbers: Tensor) -> Tensor:
    """Hash int64 numbers to non-negative ones, as `nlp_ssl.sampling.noise.mix` but for the last bit."""
    for factor, shift in ((0x9E3779B97F4A7C15, 30), (0xBF58476D1CE4E5B9, 27), (0x94D049BB133111EB, 31)):
        numbers = numbers * int(np.uint64(factor).astype(np.int64))
        numbers = numbers ^ ((numbers >> shift) & ((1 << (64 - shift)) - 1))  # a logical shift
    return (numbers >> 1) & (2**63 - 1)
