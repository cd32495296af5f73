"""Running sums of one loss over an evaluation, by step, and the validation metrics that follow from them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from scipy.special import stdtrit

from nlp_ssl.corpus.ngrams import Ngrams
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.heads.base import LossSum
from nlp_ssl.heads.metrics import extra_metrics
from nlp_ssl.objectives._denoising import can_be_copied
from nlp_ssl.objectives.mixture import Loss
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.references import COLUMNS, LEARNED, OF_BYTES, UNIGRAM, reference_nats, reference_sums
from nlp_ssl.sampling.targets import NO_LABEL, SequenceTargets, Targets, TokenTargets
from nlp_ssl.training.collate import Inputs
from nlp_ssl.training.model import PretrainingModel
from nlp_ssl.training.readable import MAJORITY

Floats = npt.NDArray[np.float64]


class LossTotals:
    """Running sums of one loss over the steps of an evaluation, float64, on the device."""

    def __init__(
        self, loss: Loss, vocabulary: Vocabulary, ngrams: Ngrams, steps: int, accelerator: Accelerator
    ) -> None:
        self.vocabulary, self.ngrams, self.accelerator = vocabulary, ngrams, accelerator
        self.steps, self.step = steps, 0
        self.loss = self._zeros()
        self.targets = np.zeros(steps)
        self.of_head: dict[str, torch.Tensor] = {}  # metric -> [steps, 2]: sum and count
        self.by_class = np.zeros((steps, len(loss.classes(vocabulary))))
        self.references = np.zeros((steps, COLUMNS))
        self.copied = self.unknown = self.text_tokens = 0.0
        self.from_source = self.next_token = False
        self.extra = extra_metrics(loss)
        self.of_extra = self._zeros(len(self.extra.names) if self.extra is not None else 0, 2)

    def _zeros(self, *shape: int) -> torch.Tensor:
        return torch.zeros(*(shape or (self.steps,)), dtype=torch.float64, device=self.accelerator.device)

    def add(self, found: LossSum) -> None:
        """Add a head's loss and metrics to the current step."""
        self.loss[self.step] += found.sum
        for name, pair in found.metrics.items():
            sums = self.of_head.setdefault(name, self._zeros(self.steps, 2))
            sums[self.step] += torch.stack([value.double() for value in pair])

    def add_targets(self, batch: Batch, targets: Targets) -> None:
        """Count targets, classes and copyable and unknown tokens, and sum reference losses, for the current step.

        Also counts the text tokens of the examples with token targets.
        """
        self.targets[self.step] += targets.count()
        self.references[self.step] += reference_sums(targets, self.vocabulary, self.ngrams)
        labels = targets.class_labels()
        if labels is not None and self.by_class.shape[1]:
            self.by_class[self.step] += np.bincount(labels, minlength=self.by_class.shape[1])
        if isinstance(targets, SequenceTargets) and targets.from_source:
            self.from_source = True
            self.copied += float(np.count_nonzero(can_be_copied(batch.ids, targets.tokens)))
        if isinstance(targets, TokenTargets):
            self.next_token = targets.next_token
            self.unknown += float(np.count_nonzero(targets.labels == self.vocabulary.unk))
            self.text_tokens += float(batch.text_tokens[(targets.labels != NO_LABEL).any(axis=1)].sum())

    def add_extra(
        self, model: PretrainingModel, name: str, batch: Batch, inputs: Inputs, vocabulary: Vocabulary
    ) -> None:
        """Add the objective's extra metrics for a micro-batch."""
        if self.extra is not None and (self.extra.steps is None or self.step < self.extra.steps):
            self.of_extra += self.extra.measure(model, name, batch, inputs, vocabulary).to(self.of_extra.device)

    def metrics(self, bytes_per_token: float, bytes_per_unknown: float) -> dict[str, float]:
        """The metrics over all processes; the bytes are those of a text token and of an unknown token.

        Without targets, their number alone.
        """
        losses, targets = self._over_processes(self.loss), self._over_processes(self.targets)
        n = float(targets.sum())
        if not n:  # an alternating objective with a small share may have no example
            return {"validation_targets": n}
        metrics = {"loss": float(losses.sum()) / n}
        zeros = self._zeros(self.steps, 2)
        heads = {name: self._over_processes(self.of_head.get(name, zeros)) for name in self._names()}
        metrics |= {name: float(sums[:, 0].sum() / max(sums[:, 1].sum(), 1.0)) for name, sums in heads.items()}
        rights = {name: sums[:, 0] for name, sums in heads.items()}
        if self.by_class.shape[1]:
            by_class = self._over_processes(self.by_class)
            rights[MAJORITY] = by_class[:, by_class.sum(0).argmax()]
            metrics[MAJORITY] = float(rights[MAJORITY].sum()) / n
        if self.from_source:
            metrics["accuracy_by_copying"] = float(self._over_processes(self.copied)) / n
        references = reference_nats(self._over_processes(self.references), self.vocabulary.size)
        metrics |= {name: float(nats.sum()) / n for name, nats in references.items()}
        if self.next_token:
            text_bytes = float(self._over_processes(self.text_tokens)) * bytes_per_token
            unknown = float(self._over_processes(self.unknown)) * bytes_per_unknown
            metrics["bits_per_byte"] = bits_per_byte(float(losses.sum()), text_bytes, unknown)
            for name, of_bytes in OF_BYTES.items():
                metrics[of_bytes] = bits_per_byte(float(references[name].sum()), text_bytes, unknown)
        if self.extra is not None:
            totals = self._over_processes(self.of_extra).tolist()
            metrics |= {key: total / of for key, (total, of) in zip(self.extra.names, totals, strict=True) if of}
        excess = _excess(losses, rights, references)
        if excess is not None and np.count_nonzero(targets) > 1:
            metrics[LEARNED] = float(below_zero(excess, targets))
        return metrics | {"validation_targets": n}

    def _over_processes(self, sums: torch.Tensor | Floats | float) -> Floats:
        """The sum over all processes."""
        tensor = torch.as_tensor(sums, dtype=torch.float64, device=self.accelerator.device)
        found: Floats = self.accelerator.reduce(tensor, "sum").cpu().numpy()
        return found

    def _names(self) -> Sequence[str]:
        """Metric names of the main process, which alone has those of whole-batch losses."""
        several = self.accelerator.num_processes > 1
        names: list[str] = broadcast_object_list([list(self.of_head)])[0] if several else []
        return names or list(self.of_head)


def _excess(losses: Floats, rights: dict[str, Floats], references: dict[str, Floats]) -> Floats | None:
    """How much worse than learning nothing each step is, summed over its targets; None if there is no reference."""
    if UNIGRAM in references:
        return losses - references[UNIGRAM]
    return rights[MAJORITY] - rights["accuracy"] if {MAJORITY, "accuracy"} <= rights.keys() else None


def below_zero(sums: Floats, counts: Floats) -> bool:
    """Whether the mean of targets is below 0 by more than noise: the upper end of its 95 % interval is.

    `sums` [N] are over the `counts` [N] targets of each batch, at least two of which have targets. The standard error
    is that of a ratio over batches, since the targets of a batch are not independent.
    """
    sums, counts = sums[counts > 0], counts[counts > 0]
    batches, mean = len(counts), sums.sum() / counts.sum()
    error = math.sqrt(((sums - mean * counts) ** 2).sum() * batches / (batches - 1)) / counts.sum()
    return bool(mean + stdtrit(batches - 1, 0.975) * error < 0)


def bits_per_byte(nats: float, text_bytes: float, unknown_bytes: float) -> float:
    """The length of a code for the text, per byte: a model's summed loss, and 8 bits for each byte of unknown tokens.

    Without the latter, a vocabulary that replaces rare words by the unknown token would look better for it.
    """
    return (nats / math.log(2) + 8 * unknown_bytes) / text_bytes
