"""Examples: runs of whole sentences inside one document, as integers into the corpus.

A *segment* is as many whole sentences as fit into a row; a *pair* is a segment of at least two sentences,
to be divided between two of them. A sentence longer than a row is cut into rows of its own, so that no text
is lost. Nothing is copied: an example is where its tokens start and how many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from nlp_ssl.corpus.store import Shard

Kind = Literal["segment", "pair"]

SPECIAL_TOKENS: dict[Kind, int] = {"segment": 2, "pair": 3}
"""Special tokens that frame an example of each kind: [CLS] A [SEP], [CLS] A [SEP] B [SEP]."""


class Text:
    """The shards of one split, addressed by global token position (that of a token in all shards joined)."""

    def __init__(self, shards: Sequence[Shard]) -> None:
        self.shards = tuple(shards)
        sizes = [len(shard.tokens) for shard in shards]
        self.bases = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])  # [shards + 1]

    def __len__(self) -> int:
        return int(self.bases[-1])

    def gather(self, start: npt.NDArray[np.int64], width: int) -> npt.NDArray[np.int64]:
        """`width` tokens from each start on. int64 [B, width]; past the end of a shard, its last token."""
        if len(self.shards) == 1:
            return _gather(self.shards[0].tokens, start, width)
        ids = np.empty((len(start), width), np.int64)
        for shard, rows in self._by_shard(start):
            ids[rows] = _gather(self.shards[shard].tokens, start[rows] - self.bases[shard], width)
        return ids

    def sentences(
        self, start: npt.NDArray[np.int64], length: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Where sentences begin inside token runs, their first tokens aside.

        Returns row [N] and offset from the row's start [N], both in ascending order.
        """
        rows, offsets = [], []
        for shard, members in self._by_shard(start):
            ends = self.shards[shard].sentence_offsets
            # Of one type with the offsets, which searchsorted would copy otherwise.
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
        """Whether each token run is the last of its document. bool [B]."""
        out = np.empty(len(start), np.bool_)
        for shard, members in self._by_shard(start):
            view = self.shards[shard]
            end = (start[members] - self.bases[shard] + length[members]).astype(view.sentence_offsets.dtype)
            sentence = np.searchsorted(view.sentence_offsets, end)  # the one after, where a sentence ends here
            sentence = sentence.astype(view.document_offsets.dtype)
            document = np.searchsorted(view.document_offsets, sentence)
            out[members] = (view.sentence_offsets[sentence] == end) & (view.document_offsets[document] == sentence)
        return out

    def _by_shard(self, start: npt.NDArray[np.int64]) -> list[tuple[int, npt.NDArray[np.int64]]]:
        if len(self.shards) == 1:
            return [(0, np.arange(len(start)))]
        shard = np.searchsorted(self.bases, start, side="right") - 1
        return [(int(s), np.flatnonzero(shard == s)) for s in np.unique(shard)]


@dataclass(frozen=True)
class Examples:
    """The examples of one kind in a split, in the order of the text."""

    start: npt.NDArray[np.int64]  # [N] global token position
    length: npt.NDArray[np.int32]  # [N] tokens, special ones not counted
    skipped: int
    """Runs of sentences that cannot serve (a pair needs two sentences)."""

    def __len__(self) -> int:
        return len(self.start)


def find_examples(text: Text, kind: Kind, max_length: int) -> Examples:
    """All examples of a kind whose rows, special tokens included, are at most `max_length` long."""
    limit = max_length - SPECIAL_TOKENS[kind]
    starts, lengths, skipped = [], [], 0
    for base, shard in zip(text.bases, text.shards, strict=False):
        first, past = _runs(shard, limit)
        if kind == "pair":
            skipped += int(np.sum(past - first < 2))
            first, past = first[past - first >= 2], past[past - first >= 2]
        start = shard.sentence_offsets[first].astype(np.int64)
        length = shard.sentence_offsets[past].astype(np.int64) - start
        # Only a run of one sentence can be too long: cut it.
        pieces = -(-length // limit)
        nth = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        starts.append(base + np.repeat(start, pieces) + nth * limit)
        lengths.append(np.minimum(np.repeat(length, pieces) - nth * limit, limit).astype(np.int32))
    return Examples(np.concatenate(starts), np.concatenate(lengths), skipped)


def _runs(shard: Shard, limit: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Greedy runs of sentences, at most `limit` tokens, inside documents: first sentence and past-the-last."""
    offsets = shard.sentence_offsets.astype(np.int64)
    sentences = len(offsets) - 1
    document_end = np.repeat(shard.document_offsets[1:], np.diff(shard.document_offsets))
    past = np.searchsorted(offsets, offsets[:-1] + limit, side="right") - 1
    past = np.minimum(np.maximum(past, np.arange(1, sentences + 1)), document_end).tolist()
    first = []
    sentence = 0
    while sentence < sentences:  # a step a run, not a token: where a run starts depends on the one before
        first.append(sentence)
        sentence = past[sentence]
    starts = np.array(first, np.int64)
    return starts, np.append(starts[1:], sentences)


def _gather(
    tokens: npt.NDArray[np.uint16] | npt.NDArray[np.uint32], start: npt.NDArray[np.int64], width: int
) -> npt.NDArray[np.int64]:
    if len(tokens) >= width:
        windows = np.lib.stride_tricks.sliding_window_view(tokens, width)
        last = len(windows) - 1
        if start.max(initial=0) <= last:
            rows: npt.NDArray[np.int64] = windows[start].astype(np.int64)  # whole rows are copied at once
            return rows
    index = np.minimum(start[:, None] + np.arange(width), len(tokens) - 1)
    gathered: npt.NDArray[np.int64] = tokens[index].astype(np.int64)
    return gathered
