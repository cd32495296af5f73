"""The batch: the one contract between text, objectives and models.

A batch begins *clean*: examples framed for a body, with nothing to predict. An objective turns it into another
batch that is corrupted and has targets; a mixture applies one objective after another. Every array has one row
an example (B rows), padded on the right to the batch's width (L columns):

    ids        int64 [B, L]  token ids, `pad` beyond `length`
    length     int64 [B]     tokens in each row, special ones included
    sentence   int16 [B, L]  which sentence of its example a token belongs to, -1 for special tokens and padding
    segment    int64 [B, L]  0 for [CLS] A [SEP], 1 for B [SEP]; 0 everywhere where there is one segment
    read       int64 [B]     tokens of text that the example was made from, whatever becomes of them
    label      int64 [B]     the example's own class; of a mixed pair: 1 where B is from another document; else 0
    labels     head -> int64 what a head predicts: [B, L], at each position, NO_LABEL where nothing; or [B]
    sequences  head -> int64 [B, T] tokens in rows of another length: what a decoder has to write, NO_LABEL beyond
    windows    name -> int64 for static vectors. `left` and `right` [B, L]: how many words to either side of a word are
                             its context; `negatives` [B, K]: words drawn by frequency, to be told from the real ones

Framed for an encoder or an encoder-decoder, a *segment* and a *triple* are `[CLS] tokens [SEP]`; for a decoder
`[CLS] tokens`, and `[SEP]` where the document ends, so that its end is learned; for static vectors the tokens alone.
A *pair* and a *mixed pair* are `[CLS] A [SEP] B [SEP]`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.sampling.examples import Body, ExampleType, TokenStream
from nlp_ssl.sampling.noise import Noise

NO_LABEL = -100
"""The label of a position where nothing is predicted (PyTorch's and transformers' number)."""

TRIES = 4
"""Sentences that are drawn to find one of another document; if none is, the next document gives its first."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Rows of examples; see the module's docstring for every field."""

    ids: Ints
    length: Ints
    sentence: npt.NDArray[np.int16]
    segment: Ints
    read: Ints
    label: Ints
    labels: Mapping[str, Ints] = field(default_factory=dict)
    sequences: Mapping[str, Ints] = field(default_factory=dict)
    windows: Mapping[str, Ints] = field(default_factory=dict)

    def take(self, rows: Ints) -> Batch:
        """Some of the rows alone."""
        values: dict[str, Any] = {}
        for name, value in vars(self).items():
            values[name] = {k: v[rows] for k, v in value.items()} if isinstance(value, Mapping) else value[rows]
        return Batch(**values)


def frame(
    text: TokenStream,
    vocabulary: Vocabulary,
    kind: ExampleType,
    body: Body,
    start: Ints,
    length: Ints,
    width: int,
    noise: Noise,
) -> Batch:
    """The clean batch of the examples at `start` [B] of `length` [B] tokens, in rows of `width`.

    Where a pair is divided is drawn by `noise`, uniformly among its sentences' borders, and what is B of a mixed one.
    """
    if kind in ("pair", "mixed_pair"):
        return _frame_pairs(text, vocabulary, kind, start, length, width, noise)
    rows = len(start)
    lead = int(body != "static")  # [CLS]
    ids = np.empty((rows, width), np.int64)
    ids[:, :lead] = vocabulary.cls
    ids[:, lead:] = text.gather(start, width - lead)
    position = np.arange(width)
    end = lead + length
    sentence = np.zeros((rows, width), np.int16)
    row, offset = text.sentences(start, length)  # of each sentence that begins inside a row: [N]
    sentence[row, offset + lead] = 1
    np.cumsum(sentence, axis=1, dtype=np.int16, out=sentence)
    beyond = position >= end[:, None]
    ids[beyond] = vocabulary.pad
    sentence[beyond] = -1
    sentence[:, :lead] = -1
    closed = np.arange(rows)
    if body == "decoder":
        closed = np.flatnonzero(text.ends_document(start, length))
    elif body == "static":
        closed = closed[:0]
    total = end.copy()
    total[closed] += 1
    ids[closed, end[closed]] = vocabulary.sep
    none = np.zeros(rows, np.int64)
    return Batch(ids=ids, length=total, sentence=sentence, segment=np.zeros_like(ids), read=length, label=none)


def _frame_pairs(
    text: TokenStream, vocabulary: Vocabulary, kind: ExampleType, start: Ints, length: Ints, width: int, noise: Noise
) -> Batch:
    rows = np.arange(len(start))
    whole = text.to_sentence_end(start, length) if kind == "mixed_pair" else length
    row, offset = text.sentences(start, whole)
    borders = np.bincount(row, minlength=len(rows))  # one fewer than sentences
    split = offset[np.cumsum(borders) - borders + noise.integers("split", borders)]  # [B] tokens in A
    first, first_length = start, split
    second, second_length = start + split, whole - split
    foreign = np.zeros_like(start)
    if kind == "mixed_pair":
        foreign = noise.halves("foreign")
        other = np.flatnonzero(foreign)
        drawn = _in_another_document(text, start[other], noise.take(other))
        wanted = np.maximum(length - split, 1)[other]
        second, second_length = second.copy(), second_length.copy()
        second[other], second_length[other] = text.from_sentence(drawn, wanted)
        first, first_length, second, second_length = _truncate(
            first, first_length, second, second_length, length, noise
        )
    middle = 1 + first_length[:, None]  # [B, 1], of the first [SEP]
    last = middle + 1 + second_length[:, None]
    position = np.arange(width)
    in_second = (position > middle) & (position <= last)
    tokens = text.gather(second, width)  # [B, L]
    ids = np.take_along_axis(tokens, np.maximum(position - middle - 1, 0), 1)
    np.copyto(ids[:, 1:], text.gather(first, width - 1), where=position[1:] < middle)
    sentence = np.zeros((len(rows), width), np.int16)
    for run, run_length, at in ((first, first_length, np.ones_like(middle)), (second, second_length, middle + 1)):
        row, offset = text.sentences(run, run_length)
        sentence[row, at[row, 0] + offset] = 1
    sentence[rows, middle[:, 0] + 1] = 1
    np.cumsum(sentence, axis=1, dtype=np.int16, out=sentence)
    special = (position == 0) | (position == middle) | (position >= last)
    sentence[special] = -1
    ids[:, 0] = vocabulary.cls
    ids[position > last] = vocabulary.pad
    ids[rows, middle[:, 0]] = ids[rows, last[:, 0]] = vocabulary.sep
    return Batch(
        ids=ids,
        length=last[:, 0] + 1,
        sentence=sentence,
        segment=in_second.astype(np.int64),
        read=first_length + second_length,
        label=foreign,
    )


def _in_another_document(text: TokenStream, start: Ints, noise: Noise) -> Ints:
    """A sentence for each row, uniform over all that are not of the document at `start` [B]: their numbers."""
    own = text.document_of(start)
    documents, sentences = int(text.document_bases[-1]), int(text.sentence_bases[-1])
    chosen = text.first_sentence((own + 1) % documents)
    left = np.arange(len(start))
    for draw in range(TRIES):
        drawn = noise.take(left).integers(f"other {draw}", np.full(len(left), sentences))
        elsewhere = text.document_with(drawn) != own[left]
        chosen[left[elsewhere]] = drawn[elsewhere]
        left = left[~elsewhere]
    return chosen


def _truncate(
    first: Ints, first_length: Ints, second: Ints, second_length: Ints, length: Ints, noise: Noise
) -> tuple[Ints, Ints, Ints, Ints]:
    """Cut pairs to `length` [B] tokens as BERT does: from the longer part, at the front or the back by a coin."""
    kept = np.minimum(first_length + second_length, length)
    half = (kept + 1) // 2
    keep_first = np.where(first_length <= kept // 2, first_length, half)
    keep_first = np.where(second_length <= kept // 2, kept - second_length, keep_first)
    keep_second = kept - keep_first
    for name, run, run_length, keep in (
        ("a", first, first_length, keep_first),
        ("b", second, second_length, keep_second),
    ):
        cut = run_length - keep  # [B]
        coins = noise.uniform(f"truncate {name}", int(cut.max(initial=0))) < 0.5
        front = np.count_nonzero(coins & (np.arange(coins.shape[1]) < cut[:, None]), axis=1)
        if name == "a":
            first = run + front
        else:
            second = run + front
    return first, keep_first, second, keep_second


def stack(parts: Sequence[tuple[Ints, Batch]], vocabulary: Vocabulary) -> Batch:
    """One batch out of parts, each with the numbers of its rows; rows without some labels have NO_LABEL there."""
    rows = sum(len(at) for at, _ in parts)
    width = max(part.ids.shape[1] for _, part in parts)

    def joined(arrays: Sequence[tuple[Ints, npt.NDArray[Any]]], fill: int, least: int = 0) -> npt.NDArray[Any]:
        first = arrays[0][1]
        if first.ndim == 1:
            out = np.full(rows, fill, first.dtype)
            for at, array in arrays:
                out[at] = array
            return out
        out = np.full((rows, max(least, *(array.shape[1] for _, array in arrays))), fill, first.dtype)
        for at, array in arrays:
            out[at, : array.shape[1]] = array
        return out

    fills = {"ids": vocabulary.pad, "length": 0, "sentence": -1, "segment": 0, "read": 0, "label": 0}
    values: dict[str, Any] = {
        name: joined([(at, getattr(part, name)) for at, part in parts], fill) for name, fill in fills.items()
    }
    for name, fill, least in (("labels", NO_LABEL, width), ("sequences", NO_LABEL, 0), ("windows", 0, 0)):
        found: dict[str, list[tuple[Ints, npt.NDArray[Any]]]] = {}
        for at, part in parts:
            for head, array in getattr(part, name).items():
                found.setdefault(head, []).append((at, array))
        values[name] = {head: joined(arrays, fill, least) for head, arrays in found.items()}
    return Batch(**values)


def check(batch: Batch, vocabulary: Vocabulary, who: str) -> None:
    """Raise AssertionError, naming `who`, row and column, where a batch breaks the contract."""
    rows, width = batch.ids.shape
    beyond = np.arange(width) >= batch.length[:, None]
    _refuse((batch.ids < 0) | (batch.ids >= vocabulary.size), batch.ids, f"{who}: not a token id")
    _refuse(beyond & (batch.ids != vocabulary.pad), batch.ids, f"{who}: written to the padding")
    for head, labels in batch.labels.items():
        if labels.ndim == 1:
            assert len(labels) == rows, f"{who}: {len(labels)} labels of {head} for {rows} rows"
            continue
        assert labels.shape == (rows, width), f"{who}: labels of {head} are {labels.shape}, not {(rows, width)}"
        targets = labels != NO_LABEL
        _refuse(targets & ((labels < 0) | (labels >= vocabulary.size)), labels, f"{who}: not a label of {head}")
        _refuse(targets & beyond, labels, f"{who}: a target of {head} in the padding")
    for head, tokens in batch.sequences.items():
        assert len(tokens) == rows, f"{who}: {len(tokens)} sequences of {head} for {rows} rows"
        wrong = (tokens != NO_LABEL) & ((tokens < 0) | (tokens >= vocabulary.size))
        _refuse(wrong, tokens, f"{who}: not a token of {head}")
        after = np.maximum.accumulate(tokens == NO_LABEL, axis=1) & (tokens != NO_LABEL)
        _refuse(after, tokens, f"{who}: a token of {head} behind its end")
    if batch.windows:
        left, right, negatives = (batch.windows[name] for name in ("left", "right", "negatives"))
        position = np.arange(width)
        _refuse((left < 0) | (left > position), left, f"{who}: a window to the left out of its row")
        ends = np.maximum(batch.length[:, None] - 1 - position, 0)
        _refuse((right < 0) | (right > ends), right, f"{who}: a window to the right out of its row")
        _refuse((negatives < 0) | (negatives >= vocabulary.size), negatives, f"{who}: not a word to tell apart")


def _refuse(wrong: npt.NDArray[np.bool_], values: npt.NDArray[np.int64], what: str) -> None:
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise AssertionError(f"{what}: {values[row, column]} at row {row}, column {column}")
