"""`nlp-ssl show RECIPE --corpus C`: what an objective does to a text, before any training.

A few examples as they are read, as the model gets them and with what it must predict; then figures over a sample, and
a warning wherever something is off.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlp_ssl.console import table, warn
from nlp_ssl.corpus.store import Corpus
from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.errors import InputError
from nlp_ssl.objectives.denoising import can_be_copied
from nlp_ssl.objectives.mixture import Mixture, count_targets
from nlp_ssl.recipe import Recipe
from nlp_ssl.sampling.batch import NO_LABEL, Batch
from nlp_ssl.sampling.batches import Batches
from nlp_ssl.sampling.examples import Body, ExampleType
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.training.pretrain import parse, usable_examples

UNCHANGED_WORTH_A_WARNING = 0.05
MAJORITY_WORTH_A_WARNING = 0.95
LEFT_OUT_WORTH_A_WARNING = 0.2
LENGTHS_WORTH_A_WARNING = 0.05  # beyond the majority
FEWEST_TO_LEARN_FROM = 200  # rows, for what lengths and words alone tell


@dataclass(frozen=True, kw_only=True)
class Show(Recipe):
    """Show what a recipe makes of a corpus. Flags show the recipe's values as their defaults."""

    corpus: Path
    """The folder of a prepared corpus."""
    examples: int = 3
    """Examples that are shown."""
    sample: int = 200_000
    """Tokens of text that the figures are taken from."""
    json: bool = False
    """Print one JSON object, for programs."""


def main(arguments: Sequence[str]) -> int:
    """The command. RECIPE is a shipped name, a TOML file, or the folder of a run."""
    options = parse("show", Show, arguments)
    wrong = [f"--{name} {n}: at least 1" for name in ("examples", "sample") if (n := getattr(options, name)) < 1]
    if wrong:
        raise InputError(*wrong)
    corpus = Corpus.open(options.corpus)
    vocabulary = Vocabulary.of(corpus)
    mixture = options.mixture
    text, examples = usable_examples(corpus, vocabulary, "train", options)
    batches, clean = (
        Batches(text, examples, vocabulary, objective, seed=options.seed, tokens=options.batch.tokens)
        for objective in (mixture, _Untouched(mixture))
    )
    shown = [
        describe(before, after, row, mixture, vocabulary)
        for before, after, row in _rows(clean, batches, options.examples)
    ]
    figures = measure(clean, batches, mixture, vocabulary, options.sample)
    figures["text_in_examples"] = float(examples.length.sum() / len(text))
    warnings = concerns(figures, mixture)
    colours = sys.stdout.isatty() and not options.json
    opened, closed = ("\x1b[1;32m", "\x1b[0m") if colours else ("«", "»")
    shown = [{k: v.replace(OPEN, opened).replace(CLOSE, closed) for k, v in example.items()} for example in shown]
    if options.json:
        print(json.dumps({"examples": shown, "figures": figures, "warnings": warnings}, ensure_ascii=False, indent=1))
        return 0
    for number, example in enumerate(shown, 1):
        print(f"example {number}")
        for name, value in example.items():
            print(f"  {name:<10} {value}")
        print()
    print(table(["over a sample", ""], [[name.replace("_", " "), _readable(v)] for name, v in flat(figures).items()]))
    for concern in warnings:
        warn(concern)
    return 0


@dataclass(frozen=True)
class _Untouched:
    """Makes the clean batches of a mixture's examples."""

    mixture: Mixture

    @property
    def example(self) -> ExampleType:
        return self.mixture.example

    @property
    def body(self) -> Body:
        return self.mixture.body

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        return batch


def _rows(clean: Batches, batches: Batches, examples: int) -> Iterator[tuple[Batch, Batch, int]]:
    """Rows of the first batches, before and after: the first row of each, then the second, as batches are alike."""
    steps = min(examples, len(batches))
    pairs = [(clean[step][0], batches[step][0]) for step in range(steps)]
    chosen = [(before, after, row) for row in range(examples) for before, after in pairs if row < len(after.ids)]
    yield from chosen[:examples]


# --- one example, in words ---

OPEN, CLOSE = "\x02", "\x03"
"""Around what carries loss, until it is known how to mark it."""


def describe(clean: Batch, batch: Batch, row: int, mixture: Mixture, vocabulary: Vocabulary) -> dict[str, str]:
    """A row in words: the text as read, what the model gets, what each part of the loss has to predict."""
    length, original = int(batch.length[row]), clean.ids[row, : clean.length[row]]
    out = {"text": words(original, vocabulary, special=False)}
    notes: dict[int, str] = {}
    answers: dict[str, str] = {}
    for name, part in mixture.parts.items():
        if name in batch.sequences:
            tokens = batch.sequences[name][row]
            answers[name] = OPEN + words(tokens[tokens != NO_LABEL], vocabulary) + CLOSE
        elif batch.labels[name].ndim == 1:
            label = int(batch.labels[name][row])
            answers[name] = "" if label == NO_LABEL else OPEN + part.classes(vocabulary)[label] + CLOSE
        else:
            labels = batch.labels[name][row, :length]
            targets = np.flatnonzero(labels != NO_LABEL)
            if mixture.body == "static":
                notes |= {int(i): words(_context(batch, row, int(i)), vocabulary) for i in targets}
                answers[name] = f"{len(targets)} words, with those around them in marks, told from others such as "
                answers[name] += words(batch.windows["negatives"][row, :5], vocabulary)
            elif part.head == "causal_lm":
                answers[name] = OPEN + words(labels[targets], vocabulary) + CLOSE
            else:
                notes |= {int(i): words(labels[i : i + 1], vocabulary) for i in targets}
                answers[name] = f"{len(targets)} tokens, in marks behind what stands in their place"
    out["input"] = words(batch.ids[row, :length], vocabulary, notes)
    return out | {f"{name}:": answer for name, answer in answers.items() if answer}


def _context(batch: Batch, row: int, place: int) -> npt.NDArray[np.int64]:
    """The words in the window of one."""
    left, right = (int(batch.windows[side][row, place]) for side in ("left", "right"))
    ids = batch.ids[row]
    return np.concatenate([ids[place - left : place], ids[place + 1 : place + 1 + right]])


def words(
    ids: npt.NDArray[np.int64], vocabulary: Vocabulary, notes: Mapping[int, str] | None = None, special: bool = True
) -> str:
    """Tokens as text, pieces of words joined; `notes` stand in marks behind the tokens at their positions."""
    names = {vocabulary.cls: "[CLS]", vocabulary.sep: "[SEP]", vocabulary.mask: "[MASK]", vocabulary.unk: "[UNK]"}
    pieces = []
    for position, token in enumerate(ids.tolist()):
        if token in (vocabulary.cls, vocabulary.sep) and not special:
            continue
        begins = token in names or vocabulary.word_starts[token] or (notes is not None and position in notes)
        pieces.append((" " if begins else "") + names.get(token, vocabulary.surfaces[token]))
        if notes is not None and position in notes:
            pieces.append(f"{OPEN}{notes[position]}{CLOSE}")
    return "".join(pieces).strip()


# --- figures over a sample ---


def measure(clean: Batches, batches: Batches, mixture: Mixture, vocabulary: Vocabulary, sample: int) -> dict[str, Any]:
    """Rates and balances over the first batches, until `sample` tokens of text have been read."""
    from scipy import sparse

    rows = read = places = padding = unchanged = answered = 0
    targets = dict.fromkeys(mixture.parts, 0)
    without = dict.fromkeys(mixture.parts, 0)
    classes: dict[str, npt.NDArray[np.int64]] = {}
    lengths: dict[str, list[npt.NDArray[np.int64]]] = {}
    bags: dict[str, list[Any]] = {}
    copied: dict[str, int] = {}
    seconds, step = 0.0, 0
    while read < sample and step < len(batches):
        started = time.process_time()
        (batch,) = batches[step]
        seconds += time.process_time() - started
        (before,) = clean[step]
        step += 1
        rows += len(batch.ids)
        read += int(batch.read.sum())
        places += batch.ids.size
        padding += int(np.count_nonzero(batch.ids == vocabulary.pad))
        unchanged += int(_same(before, batch).sum())
        answered += int(_answer_in_input(batch).sum())
        for name, part in mixture.parts.items():
            targets[name] += count_targets(batch, name, part)
            if part.head == "seq2seq_lm":
                copied[name] = copied.get(name, 0) + int(np.count_nonzero(can_be_copied(batch, name)))
            of_part = batch.sequences[name] if name in batch.sequences else batch.labels[name]
            if of_part.ndim == 2:
                without[name] += int(np.count_nonzero((of_part == NO_LABEL).all(axis=1)))
            else:
                names, labelled = part.classes(vocabulary), of_part != NO_LABEL
                found = np.bincount(of_part[labelled], minlength=len(names))
                lengths.setdefault(name, []).append(np.column_stack([of_part, row_lengths(batch)])[labelled])
                bags.setdefault(name, []).append(row_words(batch, vocabulary.size)[labelled])
                classes[name] = classes.get(name, np.zeros(len(names), np.int64)) + found
    parts = {}
    for name, part in mixture.parts.items():
        figures: dict[str, Any] = {"targets": targets[name], "targets_per_token": targets[name] / read}
        if name in classes:
            shares = classes[name] / max(classes[name].sum(), 1)
            figures["majority_accuracy"] = float(shares.max())
            labels, *features = np.concatenate(lengths[name]).T
            if len(labels) >= FEWEST_TO_LEARN_FROM:
                figures["accuracy_by_lengths_alone"] = told_by_lengths(np.stack(features, axis=1), labels)
                figures["accuracy_by_words_alone"] = told_by_words(sparse.vstack(bags[name]).tocsr(), labels)
            figures["classes"] = dict(zip(part.classes(vocabulary), shares.tolist(), strict=True))
        else:
            figures["rows_without_targets"] = without[name] / rows
            if name in copied:
                figures["accuracy_by_copying_alone"] = copied[name] / max(targets[name], 1)
        parts[name] = figures
    return {
        "examples_an_epoch": len(batches.examples),
        "runs_left_out": batches.examples.skipped,
        "rows": rows,
        "text_tokens": read,
        "padding": padding / places,
        "rows_unchanged": unchanged / rows,
        "answer_in_the_input": answered / rows,
        "rows_per_second": rows / max(seconds, 1e-9),
        "tokens_per_second": read / max(seconds, 1e-9),
        "targets_per_second": sum(targets.values()) / max(seconds, 1e-9),
        "parts": parts,
    }


def row_lengths(batch: Batch) -> npt.NDArray[np.int64]:
    """What the lengths in a row may tell [B, 6]: of the row, its second segment, its first and last sentence, and
    by how much the first of these two is the longer one; then the number of its sentences."""
    rows, width = batch.sentence.shape
    real = batch.sentence >= 0
    ends = np.argmax(real, axis=1), width - 1 - np.argmax(real[:, ::-1], axis=1)
    first, last = (
        np.count_nonzero(batch.sentence == batch.sentence[np.arange(rows), end][:, None], axis=1) for end in ends
    )
    second = np.count_nonzero(batch.segment, axis=1)
    sentences = np.count_nonzero((np.diff(batch.sentence, axis=1) != 0) & real[:, 1:], axis=1)
    return np.stack([batch.length, second, first, last, first - last, sentences], axis=1)


def row_words(batch: Batch, size: int) -> Any:
    """What the words in a row may tell: how often each of `size` tokens is in the first segment, how often in the
    second, and how often in both. A sparse matrix [B, 3 * size]."""
    from scipy import sparse

    row, place = np.nonzero(batch.sentence >= 0)
    token, segment = batch.ids[row, place], batch.segment[row, place]
    shape = (len(batch.ids), size)
    first, second = (sparse.csr_matrix((np.float64(segment == s), (row, token)), shape=shape) for s in (0, 1))
    return sparse.hstack([first, second, first.minimum(second)], format="csr")


def told_by_lengths(features: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]) -> float:
    """How often a small decision tree finds the labels [n] from the features [n, F] of `row_lengths`."""
    from sklearn.tree import DecisionTreeClassifier

    return _told_by(DecisionTreeClassifier(max_depth=4, min_samples_leaf=20, random_state=0), features, labels)


def told_by_words(features: Any, labels: npt.NDArray[np.int64]) -> float:
    """How often naive Bayes finds the labels [n] from the counts [n, F] of `row_words`."""
    from sklearn.naive_bayes import MultinomialNB

    return _told_by(MultinomialNB(), features, labels)


def _told_by(model: Any, features: Any, labels: npt.NDArray[np.int64]) -> float:
    """How often a scikit-learn model finds the labels [n] from `features` [n, F], on rows that it has not learned."""
    half = np.arange(len(labels)) % 2 == 0
    right = 0
    for learned in (half, ~half):
        model.fit(features[learned], labels[learned])
        right += int(np.count_nonzero(model.predict(features[~learned]) == labels[~learned]))
    return right / len(labels)


def _same(before: Batch, after: Batch) -> npt.NDArray[np.bool_]:
    """Which rows came out as they went in. bool [B]."""
    width = min(before.ids.shape[1], after.ids.shape[1])
    equal = before.ids[:, :width] == after.ids[:, :width]
    same: npt.NDArray[np.bool_] = equal.all(axis=1) & (before.length == after.length)
    return same


def _answer_in_input(batch: Batch) -> npt.NDArray[np.bool_]:
    """Which rows have one of the sequences that is to be written, all of it, in what the model reads. bool [B]."""
    found = np.zeros(len(batch.ids), np.bool_)
    for tokens in batch.sequences.values():
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
            f"{figures['answer_in_the_input']:.0%} of the rows have the answer in the input: nothing is corrupted "
            "there, or a sentence occurs twice"
        )
    if set(mixture.parts) == {"mlm"} and figures["rows_unchanged"] > UNCHANGED_WORTH_A_WARNING:
        share = figures["rows_unchanged"]
        found.append(f"{share:.0%} of the rows are unchanged: their targets can be read off the input")
    for name, part in figures["parts"].items():
        if part["targets"] == 0:
            found.append(f"{name} has nothing to predict")
        if part.get("rows_without_targets", 0) > UNCHANGED_WORTH_A_WARNING and mixture.mixing == "together":
            found.append(f"{part['rows_without_targets']:.0%} of the rows have nothing to predict for {name}")
        if part.get("majority_accuracy", 0) > MAJORITY_WORTH_A_WARNING:
            found.append(f"{name}: {part['majority_accuracy']:.0%} of the labels are of one class")
        if part.get("accuracy_by_lengths_alone", 0) > part.get("majority_accuracy", 1) + LENGTHS_WORTH_A_WARNING:
            found.append(
                f"{name}: the lengths of rows and sentences alone tell {part['accuracy_by_lengths_alone']:.0%} of the "
                f"labels (the majority is {part['majority_accuracy']:.0%}): a model may learn those and nothing else"
            )
    if figures["text_in_examples"] < 1 - LEFT_OUT_WORTH_A_WARNING:
        share = 1 - figures["text_in_examples"]
        found.append(f"{share:.0%} of the text is in no example: there is no {mixture.needs}")
    return found


def flat(figures: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested figures as one level, for a table."""
    out: dict[str, Any] = {}
    for name, value in figures.items():
        if name == "parts":
            for part, inner in value.items():
                out |= flat(inner, f"{part}: ")
        elif isinstance(value, Mapping):
            shares = sorted(value.items(), key=lambda item: -item[1])
            out[prefix + name] = "  ".join(f"{label} {share:.1%}" for label, share in shares[:8])
        else:
            out[prefix + name] = value
    return out


def _readable(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:.1%}"
    return f"{value:,}" if isinstance(value, int) else str(value)
