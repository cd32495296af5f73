"""Examples: runs of whole sentences inside one document, as integers into the corpus.

segment      as many whole sentences as fit into the maximum length
pair         at least two sentences, later divided into two parts; sentence lengths carry no information about order
mixed_pair   at least two sentences that fill the maximum length, the last one truncated, later divided into two parts;
             in half of the examples the second part is then replaced by text of another document
triple       a sentence with both its neighbours

A sentence longer than the maximum length is cut into several segments, so no text is lost. An example is stored as the
position of its first token and its number of tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.store import Shard

ExampleType = Literal["segment", "pair", "mixed_pair", "triple"]

_FEW = 16
"""Rows of a shard up to which copying them one by one is faster."""

Body = Literal["static", "encoder", "decoder", "seq2seq"]
"""Bodies of models: static word vectors, bidirectional attention, causal attention, an encoder with a decoder."""


def special_token_count(kind: ExampleType, body: Body) -> int:
    """Number of special tokens in a sequence: none for static vectors, else those of [CLS] A [SEP] (B [SEP])."""
    if body == "static":
        return 0
    return 3 if kind in ("pair", "mixed_pair") else 2


class TokenStream:
    """The shards of one split, as one text. Positions of tokens, sentences and documents count over all shards."""

    def __init__(self, shards: Sequence[Shard]) -> None:
        self.shards = tuple(shards)
        self.bases = _before([len(shard.tokens) for shard in shards])  # [shards + 1] tokens
        self.sentence_bases = _before([len(shard.sentence_offsets) - 1 for shard in shards])
        self.document_bases = _before([len(shard.document_offsets) - 1 for shard in shards])

    def __len__(self) -> int:
        return int(self.bases[-1])

    def gather(self, start: npt.NDArray[np.int64], width: int) -> npt.NDArray[np.int64]:
        """`width` tokens from each start: int64 [B, width]. Past the end of a shard, its last token is repeated."""
        if len(self.shards) == 1:
            return _gather(self.shards[0].tokens, start, width)
        ids = np.empty((len(start), width), np.int64)
        for shard, rows in _by_shard(start, self.bases):
            tokens, first = self.shards[shard].tokens, start[rows] - self.bases[shard]
            if len(rows) > _FEW:
                ids[rows] = _gather(tokens, first, width)
                continue
            for row, begin in zip(rows.tolist(), first.tolist(), strict=True):
                found = tokens[begin : begin + width]
                ids[row, : len(found)] = found
                ids[row, len(found) :] = tokens[-1]
        return ids

    def sentences(
        self, start: npt.NDArray[np.int64], length: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Where sentences begin inside token runs; the first token of a run is not counted.

        Returns the row and the offset from the row's start of each such sentence, int64 [N], sorted.
        """
        rows, offsets = [], []
        for shard, members in _by_shard(start, self.bases):
            ends = self.shards[shard].sentence_offsets
            # Same dtype as the offsets: otherwise searchsorted copies them.
            local = (start[members] - self.bases[shard]).astype(ends.dtype)
            first = np.searchsorted(ends, local, side="right")
            past = np.searchsorted(ends, local + length[members].astype(ends.dtype), side="left")
            count = np.maximum(past - first, 0)
            run = np.repeat(np.arange(len(members)), count)
            nth = np.arange(len(run)) - np.repeat(np.cumsum(count) - count, count)
            rows.append(members[run])
            offsets.append(ends[first[run] + nth] - local[run])
        row, offset = np.concatenate(rows), np.concatenate(offsets).astype(np.int64)
        order = np.argsort(row, kind="stable")
        return row[order], offset[order]

    def ends_document(self, start: npt.NDArray[np.int64], length: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Whether each token run ends where its document ends. bool [B]."""
        out = np.empty(len(start), np.bool_)
        for shard, members in _by_shard(start, self.bases):
            view = self.shards[shard]
            end = (start[members] - self.bases[shard] + length[members]).astype(view.sentence_offsets.dtype)
            sentence = np.searchsorted(view.sentence_offsets, end)  # the next sentence, if one ends here
            sentence = sentence.astype(view.document_offsets.dtype)
            document = np.searchsorted(view.document_offsets, sentence)
            out[members] = (view.sentence_offsets[sentence] == end) & (view.document_offsets[document] == sentence)
        return out

    def document_of(self, start: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The number of each token's document. int64 [B]."""
        sentence = np.empty(len(start), np.int64)
        for shard, members in _by_shard(start, self.bases):
            ends = self.shards[shard].sentence_offsets
            local = (start[members] - self.bases[shard]).astype(ends.dtype)
            sentence[members] = self.sentence_bases[shard] + np.searchsorted(ends, local, side="right") - 1
        return self.document_with(sentence)

    def document_with(self, sentence: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The number of each sentence's document. int64 [B]."""
        out = np.empty(len(sentence), np.int64)
        for shard, members in _by_shard(sentence, self.sentence_bases):
            starts = self.shards[shard].document_offsets
            local = (sentence[members] - self.sentence_bases[shard]).astype(starts.dtype)
            out[members] = self.document_bases[shard] + np.searchsorted(starts, local, side="right") - 1
        return out

    def first_sentence(self, document: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The number of each document's first sentence. int64 [B]."""
        out = np.empty(len(document), np.int64)
        for shard, members in _by_shard(document, self.document_bases):
            within = self.shards[shard].document_offsets[document[members] - self.document_bases[shard]]
            out[members] = self.sentence_bases[shard] + within
        return out

    def to_sentence_end(self, start: npt.NDArray[np.int64], length: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The length of each token run, extended to the end of its last sentence. int64 [B]."""
        out = np.empty(len(start), np.int64)
        for shard, members in _by_shard(start, self.bases):
            ends = self.shards[shard].sentence_offsets
            local = start[members] - self.bases[shard]
            end = (local + length[members]).astype(ends.dtype)
            out[members] = ends[np.searchsorted(ends, end)] - local
        return out

    def from_sentence(
        self, sentence: npt.NDArray[np.int64], wanted: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Runs of whole sentences with at least `wanted` [B] tokens, or less at the end of the document.

        `sentence` [B] has the number of each run's first sentence. Returns the start and length of each run, int64 [B].
        """
        start, length = np.empty(len(sentence), np.int64), np.empty(len(sentence), np.int64)
        for shard, members in _by_shard(sentence, self.sentence_bases):
            view = self.shards[shard]
            ends = view.sentence_offsets
            first = (sentence[members] - self.sentence_bases[shard]).astype(view.document_offsets.dtype)
            document = np.searchsorted(view.document_offsets, first, side="right")  # the next document
            reached = (ends[first] + wanted[members]).astype(ends.dtype)
            past = np.minimum(np.searchsorted(ends, reached), view.document_offsets[document])
            start[members] = self.bases[shard] + ends[first]
            length[members] = ends[past] - ends[first]
        return start, length


@dataclass(frozen=True, kw_only=True)
class ExampleIndex:
    """The examples of one type in a split, in the order of the text."""

    start: npt.NDArray[np.int64]  # [N] global token position
    length: npt.NDArray[np.int32]  # [N] tokens, without special tokens
    special: int
    """Number of special tokens added to each example."""
    skipped: int
    """Number of runs of sentences left out, for example because a pair needs two sentences."""
    example_class: npt.NDArray[np.int64] | None = None  # [N], if examples have classes

    def __len__(self) -> int:
        return len(self.start)

    def take(self, chosen: npt.NDArray[np.int64], example_class: npt.NDArray[np.int64] | None = None) -> ExampleIndex:
        """The examples at the indices `chosen`, which may repeat. The others are added to `skipped`."""
        skipped = self.skipped + len(self) - len(np.unique(chosen))
        return replace(
            self, start=self.start[chosen], length=self.length[chosen], skipped=skipped, example_class=example_class
        )


def find_examples(
    text: TokenStream, kind: ExampleType, body: Body, max_length: int, sentences: int = 1, exactly: int = 0,
    cut_last: bool = False,
) -> ExampleIndex:  # fmt: skip
    """All examples of a type with at most `max_length` tokens, including special tokens.

    They have at least `sentences` sentences; pairs always have at least two. With `exactly`, they are all runs of so
    many sentences, which overlap; `cut_last` then truncates a last sentence that is too long.
    """
    exactly = 3 if kind == "triple" else exactly
    special = special_token_count(kind, body)
    limit = max_length - special
    starts, lengths, skipped = [], [], 0
    for base, shard in zip(text.bases, text.shards, strict=False):
        if exactly:
            start, length, left_out = _overlapping(shard, limit, exactly, cut_last)
        else:
            fewest = sentences if kind == "segment" else max(2, sentences)
            start, length, left_out = _runs(shard, limit, fewest, kind)
        starts.append(base + start)
        lengths.append(length.astype(np.int32))
        skipped += left_out
    found = ExampleIndex(start=np.concatenate(starts), length=np.concatenate(lengths), special=special, skipped=skipped)
    lonely = kind == "mixed_pair" and text.document_bases[-1] < 2  # there is no other document
    return found.take(np.arange(0)) if lonely else found


def _runs(
    shard: Shard, limit: int, fewest: int, kind: ExampleType
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int]:
    """Runs of sentences of one document, of at most `limit` tokens. Returns starts, lengths, and the number skipped.

    A run with fewer than `fewest` sentences is skipped. The last sentence of a mixed pair is truncated to fill `limit`.
    """
    offsets = shard.sentence_offsets.astype(np.int64)
    first, end = _halved(shard, limit) if kind == "pair" else _filled(shard, limit, cut_last=kind == "mixed_pair")
    long_enough = end - first >= fewest
    first, end = first[long_enough], end[long_enough]
    start = offsets[first]
    length = offsets[end] - start
    if kind == "mixed_pair":
        return start, np.minimum(length, limit), int(np.sum(~long_enough))
    # Only a run of one sentence can be too long: cut it.
    pieces = -(-length // limit)
    nth = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    start = np.repeat(start, pieces) + nth * limit
    length = np.minimum(np.repeat(length, pieces) - nth * limit, limit)
    return start, length, int(np.sum(~long_enough))


def _filled(shard: Shard, limit: int, cut_last: bool) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Runs of as many sentences as fit into `limit` tokens, at least one. Returns first sentences and ends (exclusive).

    With `cut_last`, a run includes the sentence that no longer fits.
    """
    offsets = shard.sentence_offsets.astype(np.int64)
    sentences = len(offsets) - 1
    document_end = np.repeat(shard.document_offsets[1:], np.diff(shard.document_offsets))
    past = np.searchsorted(offsets, offsets[:-1] + limit, side="left" if cut_last else "right") - (not cut_last)
    past = np.minimum(np.maximum(past, np.arange(1, sentences + 1)), document_end).tolist()
    runs = []
    sentence = 0
    while sentence < sentences:  # one iteration per run, because a run starts where the previous one ends
        runs.append(sentence)
        sentence = past[sentence]
    first = np.array(runs, np.int64)
    return first, np.append(first[1:], sentences)


def _halved(shard: Shard, limit: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Runs from halving each document by its number of sentences until each half has at most `limit` tokens.

    Returns first sentences and ends (exclusive). Filling runs up to `limit` would leak the order of sentences: a filled
    run begins with a sentence that did not fit before, which tends to be long, and ends with shorter ones. In novels,
    the lengths of the first and last sentence would reveal the order of two thirds of the pairs.
    """
    offsets = shard.sentence_offsets.astype(np.int64)
    documents = shard.document_offsets.astype(np.int64)
    first, end = documents[:-1], documents[1:]
    parts = []
    while len(first):
        done = (offsets[end] - offsets[first] <= limit) | (end - first == 1)
        parts.append((first[done], end[done]))
        first, end = first[~done], end[~done]
        middle = (first + end) // 2
        first, end = np.concatenate([first, middle]), np.concatenate([middle, end])
    firsts, ends = (np.concatenate(found) for found in zip(*parts, strict=True))
    order = np.argsort(firsts)
    return firsts[order], ends[order]


def _overlapping(
    shard: Shard, limit: int, count: int, cut_last: bool
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int]:
    """All runs of `count` sentences of a document. Returns starts, lengths, and the number skipped."""
    offsets = shard.sentence_offsets.astype(np.int64)
    document = np.repeat(np.arange(len(shard.document_offsets) - 1), np.diff(shard.document_offsets))
    first = np.flatnonzero(document[: 1 - count] == document[count - 1 :])
    length = offsets[first + count] - offsets[first]
    fits = offsets[first + count - 1] - offsets[first] < limit if cut_last else length <= limit
    length = np.minimum(length, limit)
    return offsets[first[fits]], length[fits], int(np.sum(~fits))


def _by_shard(number: npt.NDArray[np.int64], bases: npt.NDArray[np.int64]) -> list[tuple[int, npt.NDArray[np.int64]]]:
    """The shards of the tokens, sentences or documents with these numbers [B], each with indices into `number`.

    `bases` [shards + 1] has the number of tokens, sentences or documents before each shard.
    """
    if len(bases) == 2:
        return [(0, np.arange(len(number)))]
    shard = np.searchsorted(bases, number, side="right") - 1
    order = np.argsort(shard, kind="stable")
    ordered = shard[order]
    begins = np.flatnonzero(np.diff(ordered, prepend=-1)).tolist()
    ends = [*begins[1:], len(order)]
    return [(s, order[a:b]) for s, a, b in zip(ordered[begins].tolist(), begins, ends, strict=False)]


def _before(sizes: Sequence[int]) -> npt.NDArray[np.int64]:
    """Cumulative sums, starting with 0. int64 [parts + 1]."""
    return np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])


def _gather(
    tokens: npt.NDArray[np.uint16] | npt.NDArray[np.uint32], start: npt.NDArray[np.int64], width: int
) -> npt.NDArray[np.int64]:
    if len(tokens) >= width:
        windows = np.lib.stride_tricks.sliding_window_view(tokens, width)
        last = len(windows) - 1
        if start.max(initial=0) <= last:
            rows: npt.NDArray[np.int64] = windows[start].astype(np.int64)  # copies whole rows
            return rows
    index = np.minimum(start[:, None] + np.arange(width), len(tokens) - 1)
    gathered: npt.NDArray[np.int64] = tokens[index].astype(np.int64)
    return gathered
