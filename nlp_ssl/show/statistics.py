"""Statistics of an objective's batches over a sample, and what is off about them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.objectives._denoising import can_be_copied
from nlp_ssl.objectives.mixture import Loss, Mixture
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.batches import Batches
from nlp_ssl.sampling.targets import NO_LABEL, RowTargets, SequenceTargets, Targets, TokenTargets, WindowTargets
from nlp_ssl.show.baselines import row_lengths, row_words, told_by_lengths, told_by_words

UNCHANGED_WORTH_A_WARNING = 0.05
MAJORITY_WORTH_A_WARNING = 0.95
LEFT_OUT_WORTH_A_WARNING = 0.2
LENGTHS_WORTH_A_WARNING = 0.05  # beyond the majority
FEWEST_TO_LEARN_FROM = 200  # rows, for what lengths and words alone tell


def measure(clean: Batches, batches: Batches, mixture: Mixture, vocabulary: Vocabulary, sample: int) -> dict[str, Any]:
    """Rates and balances over the first batches, until `sample` tokens of text have been read."""
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

    def add(self, batch: Batch, targets: Targets) -> None:
        """Count a batch."""
        self.targets += targets.count()
        if isinstance(targets, RowTargets):
            labelled = targets.labels != NO_LABEL
            self.labels.append(targets.labels[labelled])
            self.lengths.append(row_lengths(batch)[labelled])
            self.bags.append(row_words(batch, self.vocabulary.size)[labelled])
        elif isinstance(targets, SequenceTargets):
            self.without += int(np.count_nonzero((targets.tokens == NO_LABEL).all(axis=1)))
            if targets.from_source:
                copied = np.count_nonzero(can_be_copied(batch.ids, targets.tokens))
                self.copied = int(copied) + (self.copied or 0)
        elif isinstance(targets, TokenTargets | WindowTargets):
            self.without += int(np.count_nonzero((targets.labels == NO_LABEL).all(axis=1)))

    def statistics(self, rows: int, text_tokens: int) -> dict[str, Any]:
        """What the sums come to, over so many rows and tokens of text."""
        found: dict[str, Any] = {"targets": self.targets, "targets_per_token": self.targets / text_tokens}
        if not self.labels:
            found["rows_without_targets"] = self.without / rows
            if self.copied is not None:
                found["accuracy_by_copying_alone"] = self.copied / max(self.targets, 1)
            return found
        from scipy import sparse

        labels = np.concatenate(self.labels)
        counts = np.bincount(labels, minlength=len(self.classes))
        shares = counts / max(counts.sum(), 1)
        found["majority_accuracy"] = float(shares.max())
        if len(labels) >= FEWEST_TO_LEARN_FROM:
            found["accuracy_by_lengths_alone"] = told_by_lengths(np.concatenate(self.lengths), labels)
            found["accuracy_by_words_alone"] = told_by_words(sparse.vstack(self.bags).tocsr(), labels)
        return found | {"classes": dict(zip(self.classes, shares.tolist(), strict=True))}


def _same(before: Batch, after: Batch) -> npt.NDArray[np.bool_]:
    """Which rows came out as they went in. bool [B]."""
    width = min(before.ids.shape[1], after.ids.shape[1])
    equal = before.ids[:, :width] == after.ids[:, :width]
    same: npt.NDArray[np.bool_] = equal.all(axis=1) & (before.length == after.length)
    return same


def _answer_in_input(batch: Batch) -> npt.NDArray[np.bool_]:
    """Which rows have one of the sequences that is to be written, all of it, in what the model reads. bool [B]."""
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
    """What is off, a sentence each."""
    found = []
    if mixture.body == "seq2seq" and figures["answer_in_the_input"] > UNCHANGED_WORTH_A_WARNING:
        found.append(
            f"{figures['answer_in_the_input']:.0%} of the examples have the answer in the input: nothing is corrupted "
            "there, or a sentence occurs twice"
        )
    if (
        all(o.masks_tokens for o in mixture.objectives.values())
        and figures["rows_unchanged"] > UNCHANGED_WORTH_A_WARNING
    ):
        share = figures["rows_unchanged"]
        found.append(f"{share:.0%} of the examples are unchanged: the model can copy their targets from the input")
    for name, part in figures["losses"].items():
        if part["targets"] == 0:
            found.append(f"{name} has nothing to predict")
        if part.get("rows_without_targets", 0) > UNCHANGED_WORTH_A_WARNING and mixture.mixing == "together":
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
    """Nested figures as one level, for a table."""
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
    """A statistic for people: shares in percent, large numbers with separators."""
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:.1%}"
    return f"{value:,}" if isinstance(value, int) else str(value)
