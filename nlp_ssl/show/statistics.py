"""Statistics of an objective's batches over a sample, with warnings about unusual values."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.ngrams import Ngrams
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.objectives._denoising import can_be_copied
from nlp_ssl.objectives.mixture import Loss, Mixture
from nlp_ssl.sampling.batch import Batch, View
from nlp_ssl.sampling.batches import Batches
from nlp_ssl.sampling.examples import ExampleIndex
from nlp_ssl.sampling.references import COLUMNS, reference_nats, reference_sums
from nlp_ssl.sampling.targets import NO_LABEL, RowTargets, SequenceTargets, Targets, TokenTargets, WindowTargets
from nlp_ssl.show.baselines import (
    accuracy_by_lengths,
    accuracy_by_words,
    row_lengths,
    row_words,
    scores_by_counts,
    token_counts,
)

UNCHANGED_WORTH_A_WARNING = 0.05
MAJORITY_WORTH_A_WARNING = 0.95
LEFT_OUT_WORTH_A_WARNING = 0.2
LENGTHS_WORTH_A_WARNING = 0.05  # above the majority
FEWEST_TO_LEARN_FROM = 200  # examples with labels, to fit classifiers on lengths and words


def measure_batches(
    clean: Batches, batches: Batches, mixture: Mixture, vocabulary: Vocabulary, sample: int
) -> dict[str, Any]:
    """Counts, rates and class balance over the first batches, up to `sample` tokens of text."""
    rows = text_tokens = places = padding = unchanged = answered = 0
    losses = {name: _OfLoss(loss, vocabulary) for name, loss in mixture.losses.items()}
    seconds, step = 0.0, 0
    while text_tokens < sample and step < len(batches):
        started = time.process_time()
        (batch,) = batches[step]
        seconds += time.process_time() - started
        (before,) = clean[step]
        step += 1
        rows += len(batch.ids)
        text_tokens += int(batch.text_tokens.sum())
        places += batch.ids.size
        padding += int(np.count_nonzero(batch.ids == vocabulary.pad))
        unchanged += int(_same(before, batch).sum())
        answered += int(_answer_in_input(batch).sum())
        for name, of_loss in losses.items():
            of_loss.add(batch, batch.targets[name])
    return {
        "examples_an_epoch": len(batches.examples),
        "runs_left_out": batches.examples.skipped,
        "rows": rows,
        "text_tokens": text_tokens,
        "padding": padding / places,
        "rows_unchanged": unchanged / rows,
        "answer_in_the_input": answered / rows,
        "rows_per_second": rows / max(seconds, 1e-9),
        "tokens_per_second": text_tokens / max(seconds, 1e-9),
        "targets_per_second": sum(of_loss.targets for of_loss in losses.values()) / max(seconds, 1e-9),
        "losses": {name: of_loss.statistics(rows, text_tokens) for name, of_loss in losses.items()},
    }


class _OfLoss:
    """Sums over a sample for one loss."""

    def __init__(self, loss: Loss, vocabulary: Vocabulary) -> None:
        self.vocabulary, self.classes = vocabulary, loss.classes(vocabulary)
        self.targets = self.without = 0
        self.copied: int | None = None
        self.labels: list[npt.NDArray[np.int64]] = []
        self.lengths: list[npt.NDArray[np.int64]] = []
        self.bags: list[Any] = []
        self.counts: list[npt.NDArray[np.int64]] = []

    def add(self, batch: Batch, targets: Targets) -> None:
        """Count a batch."""
        self.targets += targets.count()
        labels = targets.class_labels()
        if labels is not None:
            self.labels.append(labels)
        if isinstance(targets, RowTargets):
            labelled = targets.labels != NO_LABEL
            self.lengths.append(row_lengths(batch)[labelled])
            self.bags.append(row_words(batch, self.vocabulary.size)[labelled])
        elif isinstance(targets, SequenceTargets):
            self.without += int(np.count_nonzero((targets.tokens == NO_LABEL).all(axis=1)))
            if targets.from_source:
                copied = np.count_nonzero(can_be_copied(batch.ids, targets.tokens))
                self.copied = int(copied) + (self.copied or 0)
        elif isinstance(targets, TokenTargets | WindowTargets):
            if labels is not None:
                self.counts.append(token_counts(batch, targets.labels != NO_LABEL, self.vocabulary.counts))
            self.without += int(np.count_nonzero((targets.labels == NO_LABEL).all(axis=1)))

    def statistics(self, rows: int, text_tokens: int) -> dict[str, Any]:
        """The statistics, for a sample of `rows` examples and `text_tokens` tokens."""
        found: dict[str, Any] = {"targets": self.targets, "targets_per_token": self.targets / text_tokens}
        if not self.lengths:
            found["rows_without_targets"] = self.without / rows
        if self.copied is not None:
            found["accuracy_by_copying_alone"] = self.copied / max(self.targets, 1)
        if not self.labels:
            return found
        labels = np.concatenate(self.labels)
        counts = np.bincount(labels, minlength=len(self.classes))
        shares = counts / max(counts.sum(), 1)
        found["majority_accuracy"] = float(shares.max())
        if self.lengths and len(labels) >= FEWEST_TO_LEARN_FROM:
            from scipy import sparse

            found["accuracy_by_lengths_alone"] = accuracy_by_lengths(np.concatenate(self.lengths), labels)
            found["accuracy_by_words_alone"] = accuracy_by_words(sparse.vstack(self.bags).tocsr(), labels)
        if self.counts and np.count_nonzero(counts >= FEWEST_TO_LEARN_FROM) == len(counts) > 1:
            scores = scores_by_counts(np.concatenate(self.counts), labels)
            found |= dict(zip(("accuracy_by_counts_alone", "auc_by_counts_alone"), scores, strict=True))
        return found | {"classes": dict(zip(self.classes, shares.tolist(), strict=True))}


def covered(examples: ExampleIndex) -> int:
    """The number of tokens of text that are in any example; examples may overlap."""
    order = np.argsort(examples.start, kind="stable")
    start = examples.start[order]
    reached = np.maximum.accumulate(start + examples.length[order])
    before = np.concatenate([start[:1], reached[:-1]])
    return int(np.maximum(reached - np.maximum(start, before), 0).sum())


def _same(before: Batch, after: Batch) -> npt.NDArray[np.bool_]:
    """Whether corruption left an example unchanged, in its input and in each view. bool [B]."""
    same = np.ones(len(before.ids), np.bool_)
    for view in (View(ids=after.ids, length=after.length), *after.views.values()):
        width = min(before.ids.shape[1], view.ids.shape[1])
        equal = before.ids[:, :width] == view.ids[:, :width]
        same &= equal.all(axis=1) & (before.length == view.length)
    return same


def _answer_in_input(batch: Batch) -> npt.NDArray[np.bool_]:
    """Whether the model's input contains a whole target sequence of the example. bool [B]."""
    found = np.zeros(len(batch.ids), np.bool_)
    for targets in batch.targets.values():
        if not isinstance(targets, SequenceTargets):
            continue
        tokens = targets.tokens
        length = np.count_nonzero(tokens != NO_LABEL, axis=1) - 1  # without [SEP]
        for row in np.flatnonzero(length > 0):
            wanted = tokens[row, : length[row]]
            if len(wanted) <= batch.ids.shape[1]:
                windows = np.lib.stride_tricks.sliding_window_view(batch.ids[row], len(wanted))
                found[row] |= bool((windows == wanted).all(axis=1).any())
    return found


def concerns(figures: Mapping[str, Any], mixture: Mixture) -> list[str]:
    """The warnings, one sentence each."""
    found = []
    if mixture.body == "seq2seq" and figures["answer_in_the_input"] > UNCHANGED_WORTH_A_WARNING:
        found.append(
            f"{figures['answer_in_the_input']:.0%} of the examples have the answer in the input: nothing is corrupted "
            "there, or a sentence occurs twice"
        )
    one_of_several = mixture.mixing != "together" or mixture.also_decoder  # losses, for each example
    if (
        all(o.masks_tokens for o in mixture.objectives.values())
        and not mixture.also_decoder
        and figures["rows_unchanged"] > UNCHANGED_WORTH_A_WARNING
    ):
        share = figures["rows_unchanged"]
        found.append(f"{share:.0%} of the examples are unchanged: the model can copy their targets from the input")
    for name, part in figures["losses"].items():
        if part["targets"] == 0:
            found.append(f"{name} has nothing to predict")
        if part.get("rows_without_targets", 0) > UNCHANGED_WORTH_A_WARNING and not one_of_several:
            found.append(f"{part['rows_without_targets']:.0%} of the examples have nothing to predict for {name}")
        if part.get("majority_accuracy", 0) > MAJORITY_WORTH_A_WARNING:
            found.append(f"{name}: {part['majority_accuracy']:.0%} of the labels are of one class")
        if part.get("accuracy_by_lengths_alone", 0) > part.get("majority_accuracy", 1) + LENGTHS_WORTH_A_WARNING:
            found.append(
                f"{name}: text and sentence lengths alone predict {part['accuracy_by_lengths_alone']:.0%} of the "
                f"labels (the majority is {part['majority_accuracy']:.0%}): a model may learn nothing else"
            )
    if figures["text_in_examples"] < 1 - LEFT_OUT_WORTH_A_WARNING:
        share = 1 - figures["text_in_examples"]
        found.append(f"{share:.0%} of the text is in no example: it has no {mixture.needs}")
    return found


def flat(figures: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten nested statistics to one level, for a table."""
    out: dict[str, Any] = {}
    for name, value in figures.items():
        if name == "losses":
            for loss, inner in value.items():
                out |= flat(inner, f"{loss}: ")
        elif isinstance(value, Mapping):
            shares = sorted(value.items(), key=lambda item: -item[1])
            out[prefix + name] = "  ".join(f"{label} {share:.1%}" for label, share in shares[:8])
        else:
            out[prefix + name] = value
    return out


def readable(value: Any) -> str:
    """Format a statistic: shares in percent, large numbers with separators."""
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:.1%}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def reference_losses(
    batches: Batches, steps: int, mixture: Mixture, vocabulary: Vocabulary, ngrams: Ngrams
) -> dict[str, dict[str, float]]:
    """The references (`nlp_ssl.sampling.references`) of each loss on the first `steps` batches, in nats per target."""
    sums = {name: np.zeros((1, COLUMNS)) for name in mixture.losses}
    targets = dict.fromkeys(mixture.losses, 0)
    for step in range(steps):
        (batch,) = batches[step]
        for name in mixture.losses:
            sums[name] += reference_sums(batch.targets[name], vocabulary, ngrams)
            targets[name] += batch.targets[name].count()
    return {
        name: {key: float(nats[0]) / targets[name] for key, nats in reference_nats(found, vocabulary.size).items()}
        for name, found in sums.items()
    }
